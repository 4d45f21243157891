// A moment, in the reader's own zone.
export default {
  template: `<time :datetime="at" :title="clock">{{ exact ? clock : ago }}</time>`,
  props: { at: String, exact: Boolean },
  data() {
    return { tick: 0 };
  },
  computed: {
    clock() {
      return kinofarm.clock(this.at);
    },
    ago() {
      return this.tick >= 0 ? kinofarm.ago(this.at) : "";
    },
  },
  mounted() {
    this.timer = setInterval(() => this.tick++, 15000);
  },
  unmounted() {
    clearInterval(this.timer);
  },
};
