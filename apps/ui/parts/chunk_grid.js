// The chunks of a film in their order, one cell each. One tab stop; arrow keys go from chunk to chunk, Enter shows one.
const STATES = { r: "waiting", l: "rendering", d: "done", u: "reused", f: "failed", c: "cancelled" };
export default {
  template: `
  <div class="chunks" role="group" aria-label="Chunks of the film, in their order" @keydown="move">
    <button v-for="(cell, place) in list" :key="place" type="button" class="chunk" :class="[name(cell), {picked: place === picked}]"
      :tabindex="place === focus ? 0 : -1" :aria-label="words(cell, place)" :title="words(cell, place)"
      :aria-pressed="place === picked ? 'true' : 'false'" :data-place="place" :data-state="name(cell)"
      @click="pick(place)" @focus="focus = place"
      ><span v-if="cell[0] === 'l'" class="fill" :style="{height: cell[1] + '%'}"></span></button>
  </div>`,
  props: { cells: Array },
  data() {
    return { list: this.cells, focus: 0, picked: -1 };
  },
  watch: {
    cells(cells) {
      this.list = cells;
    },
  },
  methods: {
    renew(changed) {
      for (const [place, cell] of changed) this.list[place] = cell;
    },
    name(cell) {
      return STATES[cell[0]];
    },
    words(cell, place) {
      if (cell[4] === "s") return "Sound, " + this.name(cell);
      const frames = "frames " + cell[2] + " to " + (cell[2] + cell[3] - 1);
      return "Chunk " + (place + 1) + ", " + this.name(cell) + (cell[0] === "l" ? " " + cell[1] + " %" : "") + ", " + frames;
    },
    pick(place) {
      this.picked = place;
      this.focus = place;
      this.$emit("pick", place);
    },
    move(event) {
      const cells = [...this.$el.children];
      const across = cells.filter((cell) => cell.offsetTop === cells[0].offsetTop).length;
      const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: across, ArrowUp: -across }[event.key];
      let to = by === undefined ? { Home: 0, End: cells.length - 1 }[event.key] : this.focus + by;
      if (to === undefined) return;
      event.preventDefault();
      to = Math.max(0, Math.min(cells.length - 1, to));
      this.focus = to;
      this.$nextTick(() => cells[to].focus());
    },
  },
};
