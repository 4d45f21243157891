// Project files are dropped here, or chosen. Each becomes a job by a request of the REST API.
export default {
  template: `
  <div>
    <label class="drop" :class="{over, busy}" @dragenter.prevent="over = true" @dragover.prevent="over = true"
      @dragleave.self="over = false" @drop.prevent="dropped">
      <svg class="icon drop-icon" aria-hidden="true" viewBox="0 0 20 20"><use href="/ui/static/icons.svg#submit"></use></svg>
      <span class="drop-title">{{ busy ? "Sending " + busy + " …" : "Drop a project file here, or choose one" }}</span>
      <span class="drop-text">Timeline Studio (.tlsp), OpenTimelineIO (.otio) or the farm’s own JSON</span>
      <input class="unseen" type="file" :accept="suffixes.join(',')" multiple aria-label="Choose project files" @change="chosen">
    </label>
    <ul class="sent" aria-live="polite">
      <li v-for="(one, place) in sent" :key="place" :class="{wrong: !one.job}">
        <template v-if="one.job">
          <p class="sent-line"><a :href="'/jobs/' + one.job">{{ one.file }}</a><span class="sub">was taken on</span></p>
          <ul v-if="one.warnings.length" class="warnings"><li v-for="(warning, number) in one.warnings" :key="number">
            <code class="code">{{ warning.code }}</code><span>{{ warning.message }}</span></li></ul>
        </template>
        <div v-else class="error" role="alert">
          <p class="error-line"><code v-if="one.code" class="code">{{ one.code }}</code><span><strong>{{ one.file }}</strong>: {{ one.message }}</span></p>
          <p v-if="one.where" class="error-where">in {{ one.where }}</p>
          <p v-if="one.detail" class="error-detail">{{ one.detail }}</p>
          <p v-if="one.hint" class="error-hint">Try: {{ one.hint }}</p>
        </div>
      </li>
    </ul>
  </div>`,
  props: { csrf: String, most: Number, suffixes: Array },
  data() {
    return { over: false, busy: "", sent: [] };
  },
  mounted() {
    // A file that misses the field must not take the page's place.
    this.stay = (event) => event.preventDefault();
    this.here = (event) => {
      event.preventDefault();
      if (!event.defaultHandled) this.dropped(event);
    };
    window.addEventListener("dragover", this.stay);
    window.addEventListener("drop", this.here);
  },
  unmounted() {
    window.removeEventListener("dragover", this.stay);
    window.removeEventListener("drop", this.here);
  },
  methods: {
    async dropped(event) {
      event.defaultHandled = true;
      this.over = false;
      await this.send(event.dataTransfer.files);
    },
    async chosen(event) {
      const files = [...event.target.files];
      event.target.value = "";
      await this.send(files);
    },
    async send(files) {
      for (const file of files) {
        this.busy = file.name;
        const answer = await this.one(file);
        this.sent = [{ file: file.name, ...answer }, ...this.sent];
      }
      this.busy = "";
      const taken = this.sent.filter((one) => one.job);
      if (files.length === 1 && taken.length && this.sent[0].job && !this.sent[0].warnings.length)
        window.location.href = "/jobs/" + this.sent[0].job;
    },
    async one(file) {
      if (!this.suffixes.some((suffix) => file.name.toLowerCase().endsWith(suffix)))
        return { code: "", message: "is no project file", hint: "files end in " + this.suffixes.join(", ") };
      if (file.size > this.most) return { code: "API-004", message: "is larger than " + this.most + " bytes" };
      const text = await file.text();
      try {
        const read = JSON.parse(text);
        if (read === null || typeof read !== "object" || Array.isArray(read)) throw new Error("it is no object");
      } catch (error) {
        return { code: "", message: "is no JSON: " + error.message };
      }
      const options = { timeline_name: file.name, priority: Number(document.getElementById("submit-priority").value) };
      const preset = document.getElementById("submit-preset").value;
      if (preset) options.preset = preset;
      // The file's own text, not what this browser would make of its numbers.
      const body = JSON.stringify(options).slice(0, -1) + ',"timeline":' + text + "}";
      try {
        const headers = { "Content-Type": "application/json", "X-CSRF-Token": this.csrf };
        const answer = await fetch("/api/v1/jobs", { method: "POST", headers, body });
        const read = await answer.json();
        if (answer.ok) return { job: read.job.id, warnings: read.warnings };
        return { code: read.code, message: read.title, where: read.where, detail: read.detail, hint: read.hint };
      } catch (error) {
        return { code: "", message: "the farm could not be reached", hint: "try again in a moment" };
      }
    },
  },
};
