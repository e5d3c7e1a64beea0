// Draws the charts of the report from the tables of the page, so that a chart never shows a figure that the table does not have.
(() => {
  'use strict';
  const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const number = text => { const value = Number(text.replaceAll(',', '')); return Number.isFinite(value) ? value : null; };
  const short = value => {
    const [scale, word] = Math.abs(value) >= 1e9 ? [1e9, ' bn'] : Math.abs(value) >= 1e6 ? [1e6, ' m'] : [1, ''];
    return (value / scale).toLocaleString('en-US', { maximumFractionDigits: 1 }) + word;
  };
  const cell = value => value === null || value === undefined ? '' : value.toLocaleString('en-US', { maximumFractionDigits: 4 });
  // yyyy, yyyy-MM or yyyy-MM-dd, in seconds.
  const seconds = label => { const [year, month = 1, day = 1] = label.split('-').map(Number); return Date.UTC(year, month - 1, day) / 1000; };

  function read(table) {
    const series = [...table.tHead.rows[0].cells].filter(head => head.classList.contains('n')).map(head => head.textContent);
    const rows = [...table.tBodies[0].rows].map(row => [...row.cells]);
    return {
      shape: table.dataset.shape, sign: table.dataset.unit === 'percent' ? ' %' : '', label: table.tHead.rows[0].cells[0].textContent, series,
      labels: rows.map(row => row[0].textContent), values: series.map((_, at) => rows.map(row => number(row[at + 1].textContent)))
    };
  }

  const axis = more => ({ stroke: colour('--soft'), grid: { stroke: colour('--grid'), width: 1 }, ticks: { stroke: colour('--grid'), width: 1 }, font: '12px system-ui, sans-serif', ...more });
  const stroke = at => colour(`--s${at % 6}`);

  // A line says that there is something between two points. Where a year or more is missing it would be wrong.
  function apart(data) {
    const [labels, values] = [[], data.series.map(() => [])];
    data.labels.forEach((label, at) => {
      if (at > 0 && label.length > 4 && seconds(label) - seconds(data.labels[at - 1]) > 370 * 86400) {
        labels.push(seconds(data.labels[at - 1]) + 86400);
        values.forEach(series => series.push(null));
      }
      labels.push(seconds(label));
      values.forEach((series, i) => series.push(data.values[i][at]));
    });
    return [labels, ...values];
  }

  function lines(data, width) {
    const sparse = data.labels.length < 60;
    const dots = data.shape === 'dots';
    const day = data.labels[0].length;
    return [{
      width, height: 300, tzDate: at => uPlot.tzDate(new Date(at * 1000), 'Etc/UTC'),
      scales: { x: { time: true } },
      series: [
        { label: data.label, value: (_, at) => at === null ? '' : new Date(at * 1000).toISOString().slice(0, day) },
        ...data.series.map((label, at) => ({ label, stroke: stroke(at), width: dots ? 0 : 2, paths: dots ? () => null : undefined, points: { show: sparse || dots, size: dots ? 9 : 6, fill: dots ? stroke(at) : undefined }, value: (_, value) => cell(value) }))
      ],
      axes: [axis({ space: 60 }), axis({ size: 64, values: (_, ticks) => ticks.map(tick => short(tick) + data.sign) })]
    }, apart(data)];
  }

  function bars(data, width) {
    const places = data.labels.map((_, at) => at);
    const room = Math.min(170, Math.round(width * 0.4));
    const letters = Math.floor(room / 7) - 2;
    const cut = label => label.length > letters ? label.slice(0, letters - 1) + '…' : label;
    return [{
      width, height: Math.max(160, 26 * places.length + 90),
      // Bars lie: names of partners are read from left to right.
      scales: { x: { time: false, ori: 1, dir: -1, range: [-0.6, places.length - 0.4] }, y: { ori: 0, range: (_, low, high) => [Math.min(0, low), Math.max(0, high) * 1.03 || 1] } },
      series: [
        { label: data.label, value: (_, at) => at === null ? '' : data.labels[at] },
        ...data.series.map((label, at) => ({ label, stroke: stroke(at), fill: stroke(at), width: 0, points: { show: false }, paths: uPlot.paths.bars({ size: [0.7, 24] }), value: (_, value) => cell(value) }))
      ],
      axes: [axis({ side: 3, size: room, gap: 6, grid: { show: false }, splits: () => places, values: (_, ticks) => ticks.map(at => cut(data.labels[at] ?? '')) }), axis({ side: 2, space: 70, values: (_, ticks) => ticks.map(tick => short(tick) + data.sign) })]
    }, [places, ...data.values]];
  }

  const charts = new Map();

  function draw(panel) {
    if (panel.hidden) return;
    const box = panel.querySelector('.chart');
    box.hidden = false;
    const width = Math.floor(box.clientWidth);
    if (width === 0) return;
    charts.get(box)?.destroy();
    const data = read(panel.querySelector('details table'));
    const [options, values] = data.shape === 'bars' ? bars(data, width) : lines(data, width);
    charts.set(box, new uPlot(options, values, box));
    box.dataset.drawn = String(width);
  }

  // One panel at a time: figures of different bases are not to be compared.
  function choose(figure, panels) {
    const field = document.createElement('fieldset');
    field.className = 'switch';
    field.setAttribute('aria-label', `Show, for ${figure.querySelector('h3').textContent}`);
    field.append(Object.assign(document.createElement('legend'), { textContent: 'Show' }));
    panels.forEach((panel, at) => {
      const label = document.createElement('label');
      const radio = Object.assign(document.createElement('input'), { type: 'radio', name: `show-${figure.id}`, checked: at === 0 });
      radio.addEventListener('change', () => panels.forEach(other => { other.hidden = other !== panel; draw(other); }));
      label.append(radio, panel.dataset.name);
      field.append(label);
      panel.hidden = at !== 0;
    });
    panels[0].before(field);
  }

  const figures = [...document.querySelectorAll('.figure')];
  for (const figure of figures) {
    const panels = [...figure.querySelectorAll('.panel')];
    if (panels.length > 1) choose(figure, panels);
    // The chart says it at a glance; the table stays one click away.
    for (const panel of panels) panel.querySelector('details').open = false;
  }
  const all = [...document.querySelectorAll('.panel')];
  // A frame that does not scroll is no stop for the keyboard.
  const frames = () => document.querySelectorAll('.scroll').forEach(frame => {
    if (frame.scrollWidth > frame.clientWidth || frame.scrollHeight > frame.clientHeight) frame.tabIndex = 0;
    else frame.removeAttribute('tabindex');
  });
  const redraw = () => {
    all.forEach(draw);
    frames();
  };
  document.addEventListener('toggle', frames, true);
  redraw();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  let width = document.documentElement.clientWidth;
  addEventListener('resize', () => {
    if (width === document.documentElement.clientWidth) return;
    width = document.documentElement.clientWidth;
    redraw();
  });
  document.documentElement.dataset.charts = String(charts.size);
})();
