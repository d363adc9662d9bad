// Search from a page opened from a disk: browsers start no Worker there, so the search runs in a hidden frame instead.
// The script of the search looks for `IFrameWorker` in its parent to find its own files.
if (location.protocol === 'file:') {
  window.IFrameWorker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement('iframe');
      frame.hidden = true;
      document.body.append(frame);
      const inside = frame.contentWindow;
      // What the worker posts, the page hears.
      inside.postMessage = data => this.dispatchEvent(new MessageEvent('message', { data }));
      this.ready = new Promise((resolve, reject) => {
        const script = inside.document.createElement('script');
        script.src = new URL(url, location.href).href;
        script.onload = () => resolve(inside);
        script.onerror = () => reject(new Error(`cannot load ${script.src}`));
        inside.document.body.append(script);
      });
    }

    // What the page posts, the worker hears once it is loaded.
    postMessage(data) {
      void this.ready.then(inside => inside.dispatchEvent(new inside.MessageEvent('message', { data })));
    }

    terminate() {}
  };
  window.Worker = window.IFrameWorker;
}
