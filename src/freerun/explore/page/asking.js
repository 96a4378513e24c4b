// Answers from the command, the newest question first: one at a time is under way, and of those
// that come meanwhile the last one alone is asked, so that dragging never waits for what is past.

export class Asker {
  constructor(shown, failed) {
    this.shown = shown;
    this.failed = failed;
    this.next = null;
    this.busy = false;
  }

  ask(request) {
    this.next = request;
    if (!this.busy) this.goOn();
  }

  async goOn() {
    this.busy = true;
    while (this.next) {
      const request = this.next;
      this.next = null;
      const began = performance.now();
      try {
        const reply = await fetch("answer?" + new URLSearchParams(request));
        const found = await reply.json();
        if (reply.ok) this.shown(found, request, performance.now() - began);
        else this.failed(found.error);
      } catch (error) {
        this.failed("explore: the command must be running to answer. Start it again, and open its new address.");
      }
    }
    this.busy = false;
  }
}
