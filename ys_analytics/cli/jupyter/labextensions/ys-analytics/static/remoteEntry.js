// A JupyterLab extension of two parts: a style sheet by which tables and charts follow the light and the dark theme,
// and a command under File > New for a report and for each notebook in notebooks/templates. Plain JavaScript, loaded
// as it is.
(() => {
  'use strict';

  const TEMPLATES = 'notebooks/templates';
  // Reports stand in a folder of their own, from which the weekly report can take them.
  const REPORT = { path: 'notebooks/mine/template.ipynb', name: 'my_report.ipynb', folder: 'notebooks/mine' };

  // Charts are drawn for paper: dark on white. In a dark theme white becomes the page and dark becomes light, while
  // hues stay what they were. A chart whose background is not white was given its own colours, and keeps them.
  const STYLE = `
    figure.ys { margin: 0 0 0.8em; }
    figure.ys figcaption { margin-bottom: 0.4em; }
    figure.ys .ys-title { font-size: 1.05em; }
    figure.ys .ys-subtitle, figure.ys .ys-notes { color: var(--jp-content-font-color1); opacity: 0.8; }
    figure.ys .ys-notes { font-size: 0.9em; }
    figure.ys .ys-warning { border-left: 3px solid #D55E00; padding-left: 0.6em; }
    figure.ys tr.ys-group th { font-weight: 600; border-top: var(--jp-border-width) solid var(--jp-border-color1); }
    figure.ys tr.ys-strong { font-weight: 600; }
    figure.ys tbody th { font-weight: normal; }
    figure.ys .ys-masthead dl, figure.ys dl.ys-masthead, figure.ys .ys-tiles { display: flex; flex-wrap: wrap; gap: 0.4em 2em; margin: 0; }
    body[data-jp-theme-light="false"] .js-plotly-plot:has(> .plot-container .main-svg[style*="background: rgb(255, 255, 255)"]) {
      filter: invert(1) hue-rotate(180deg);
    }
    body[data-jp-theme-light="false"] .js-plotly-plot .main-svg[style*="background: rgb(255, 255, 255)"] {
      background: transparent !important;
    }
    body[data-jp-theme-light="false"] .js-plotly-plot:has(> .plot-container .main-svg[style*="background: rgb(255, 255, 255)"]) .bglayer .bg {
      fill: transparent !important;
    }
  `;

  let shared;

  // A module of JupyterLab itself, so that its tokens are the very ones that the application knows.
  async function load(name) {
    const versions = shared[name];
    const make = await versions[Object.keys(versions)[0]].get();
    return make();
  }

  // The first name in a folder that is free: my_report.ipynb, my_report-1.ipynb, ...
  async function freeName(contents, folder, wanted) {
    const listing = await contents.get(folder, { content: true });
    const taken = new Set(listing.content.map(item => item.name));
    const stem = wanted.replace(/\.ipynb$/, '');
    let name = wanted;
    for (let n = 1; taken.has(name); n++) {
      name = `${stem}-${n}.ipynb`;
    }
    return folder ? `${folder}/${name}` : name;
  }

  // The templates that a server's folder has; one that serves another folder has none.
  async function templates(contents) {
    const found = [];
    try {
      await contents.get(REPORT.path, { content: false });
      found.push({ ...REPORT, label: 'My report' });
    } catch {}
    try {
      const listing = await contents.get(TEMPLATES, { content: true });
      for (const item of listing.content.filter(one => one.type === 'notebook')) {
        const words = item.name.replace(/\.ipynb$/, '').replace(/_/g, ' ');
        found.push({ path: item.path, name: item.name, label: words.charAt(0).toUpperCase() + words.slice(1) });
      }
    } catch {}
    return found.sort((a, b) => a.label.localeCompare(b.label));
  }

  async function addTemplates(app, launcher, menu) {
    const contents = app.serviceManager.contents;
    const group = [];
    for (const one of await templates(contents)) {
      const command = `ys:new-${one.name}`;
      app.commands.addCommand(command, {
        label: one.label,
        caption: `A notebook made from ${one.path}`,
        execute: async args => {
          const path = await freeName(contents, one.folder || (args && args.cwd) || '', one.name);
          const made = await contents.get(one.path, { content: true });
          await contents.save(path, { type: 'notebook', format: 'json', content: made.content });
          return app.commands.execute('docmanager:open', { path });
        },
      });
      group.push({ command });
      if (launcher) {
        launcher.add({ command, category: 'YieldSensei', rank: group.length });
      }
    }
    if (menu && group.length) {
      menu.fileMenu.newMenu.addGroup(group, 40);
    }
  }

  function plugin(ILauncher, IMainMenu) {
    return {
      id: 'ys-analytics:plugin',
      autoStart: true,
      optional: [ILauncher, IMainMenu],
      activate: (app, launcher, menu) => {
        const style = document.createElement('style');
        style.textContent = STYLE;
        document.head.append(style);
        void addTemplates(app, launcher, menu);
      },
    };
  }

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB['ys-analytics'] = {
    init: scope => {
      shared = scope;
    },
    get: async () => {
      const [launcher, menu] = await Promise.all([load('@jupyterlab/launcher'), load('@jupyterlab/mainmenu')]);
      return () => ({ __esModule: true, default: plugin(launcher.ILauncher, menu.IMainMenu) });
    },
  };
})();
