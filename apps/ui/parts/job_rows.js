// Jobs as rows of a table; on a narrow screen each becomes a card (style.css). All text is text.
export default {
  template: `
  <div class="table-frame" role="region" tabindex="0" :aria-label="label">
  <table class="table jobs" :class="{selectable}">
    <caption class="unseen">{{ label }}</caption>
    <thead><tr>
      <th v-if="selectable" class="mark"><input type="checkbox" aria-label="Mark all jobs on this page"
        :checked="all" :indeterminate.prop="some" @change="markAll($event.target.checked)"></th>
      <th scope="col">Film</th><th scope="col">State</th><th scope="col">Progress</th>
      <th scope="col">Submitted by</th><th scope="col">Submitted</th>
    </tr></thead>
    <tbody>
      <tr v-for="row in list" :key="row.id" :data-job="row.id" :data-kind="row.kind" :class="{marked: marked.has(row.id)}">
        <td v-if="selectable" class="mark"><input type="checkbox" :aria-label="'Mark ' + row.title + ', ' + row.id.slice(0, 8)"
          :checked="marked.has(row.id)" @change="mark(row.id, $event.target.checked)"></td>
        <td class="film"><a :href="'/jobs/' + row.id">{{ row.title }}</a>
          <span class="sub" :title="row.project">{{ row.project }} · {{ row.id.slice(0, 8) }}</span></td>
        <td class="state"><span class="badge" :class="row.kind">{{ row.state }}</span></td>
        <td class="progress-cell">
          <span v-if="row.error" class="sub wrong" :title="row.error">{{ row.error }}</span>
          <template v-else-if="live(row)">
            <span class="bar" role="progressbar" :aria-label="'Progress of ' + row.title" aria-valuemin="0" aria-valuemax="100"
              :aria-valuenow="Math.round(row.done)"><span :class="row.kind" :style="{transform: 'scaleX(' + row.done / 100 + ')'}"></span></span>
            <span class="sub">{{ Math.floor(row.done) }} %<template v-if="row.left"> · {{ row.left }}</template></span>
          </template>
          <span v-else-if="row.frames" class="sub">{{ row.frames.toLocaleString("en").replaceAll(",", "\\u202f") }} frames</span>
        </td>
        <td class="by" data-label="By">{{ row.by }}</td>
        <td class="at"><time :datetime="row.at" :title="clock(row.at)">{{ ago(row.at) }}</time></td>
      </tr>
    </tbody>
  </table>
  </div>`,
  props: { rows: Array, label: String, selectable: Boolean },
  data() {
    return { list: this.rows, marked: new Set(), tick: 0 };
  },
  watch: {
    rows(rows) {
      this.list = rows;
      const here = new Set(rows.map((row) => row.id));
      const kept = new Set([...this.marked].filter((id) => here.has(id)));
      if (kept.size !== this.marked.size) this.tell(kept);
    },
  },
  computed: {
    all() {
      return this.list.length > 0 && this.list.every((row) => this.marked.has(row.id));
    },
    some() {
      return !this.all && this.marked.size > 0;
    },
  },
  mounted() {
    this.timer = setInterval(() => this.tick++, 15000);
  },
  unmounted() {
    clearInterval(this.timer);
  },
  methods: {
    renew(rows) {
      const news = new Map(rows.map((row) => [row.id, row]));
      this.list = this.list.map((row) => news.get(row.id) || row);
    },
    live(row) {
      return !["done", "failed", "cancelled"].includes(row.kind);
    },
    mark(id, on) {
      const marked = new Set(this.marked);
      on ? marked.add(id) : marked.delete(id);
      this.tell(marked);
    },
    markAll(on) {
      this.tell(new Set(on ? this.list.map((row) => row.id) : []));
    },
    tell(marked) {
      this.marked = marked;
      this.$emit("marked", [...marked]);
    },
    ago(at) {
      return this.tick >= 0 ? kinofarm.ago(at) : "";
    },
    clock(at) {
      return kinofarm.clock(at);
    },
  },
};
