// Looks at report.html in frames of several widths, and leaves what it finds as JSON in this page.
const problems = [];
const found = { widths: [], title: '', text: '' };

const problem = (text) => { if (problems.length < 20) problems.push(text); };

function brightness(color) {
  const [r, g, b] = color.match(/[\d.]+/g).map(Number).map((n) => {
    const share = n / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a, b) {
  const [low, high] = [brightness(a), brightness(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

function background(element, view) {
  for (let at = element; at; at = at.parentElement) {
    const color = view.getComputedStyle(at).backgroundColor;
    if (!color.startsWith('rgba(0, 0, 0, 0')) return color;
  }
  return 'rgb(255, 255, 255)';
}

function checkText(page, view) {
  for (const element of page.body.querySelectorAll('*')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const isMetadata = ['title', 'desc'].includes(element.localName);
    if (!own || isMetadata || element.closest('.skip')) continue;
    const style = view.getComputedStyle(element);
    const color = element.localName === 'text' ? style.fill : style.color;
    const ratio = contrast(color, background(element, view));
    if (ratio < 4.5) problem(`contrast ${ratio.toFixed(2)} of ${element.outerHTML.slice(0, 80)}`);
  }
}

function checkMarkup(page) {
  const all = [...page.querySelectorAll('*')];
  const foreign = page.querySelectorAll('script, img, iframe, object, embed, link, base, form, audio, video');
  if (foreign.length) problem(`foreign element ${foreign[0].outerHTML}`);
  for (const element of all) {
    for (const { name, value } of element.attributes) {
      if (name.startsWith('on')) problem(`handler ${element.outerHTML}`);
      if (['href', 'src', 'action'].includes(name) && !value.startsWith('#')) problem(`link ${value}`);
      if (['aria-labelledby', 'aria-describedby'].includes(name)) {
        for (const id of value.split(' ')) if (!page.getElementById(id)) problem(`no element ${id}`);
      }
    }
    if (element.id && page.querySelectorAll(`[id="${element.id}"]`).length !== 1) problem(`two elements ${element.id}`);
  }
  for (const link of page.querySelectorAll('a')) {
    if (!page.getElementById(link.getAttribute('href').slice(1))) problem(`link to nowhere ${link.outerHTML}`);
  }
}

function checkNames(page) {
  for (const landmark of ['header', 'nav', 'main', 'footer', 'h1']) {
    const count = page.querySelectorAll(landmark).length;
    if (count !== 1) problem(`${count} elements ${landmark}`);
  }
  for (const svg of page.querySelectorAll('svg')) {
    const named = svg.getAttribute('role') === 'img' && svg.querySelector('title') && svg.querySelector('desc');
    if (!named && svg.getAttribute('aria-hidden') !== 'true') problem(`plot without a name ${svg.outerHTML.slice(0, 80)}`);
  }
  for (const head of page.querySelectorAll('th')) {
    if (!head.scope) problem(`head without scope ${head.outerHTML}`);
    if (!head.textContent.trim()) problem('head without text');
  }
  for (const table of page.querySelectorAll('table')) {
    const region = table.parentElement;
    if (region.getAttribute('role') !== 'region' || region.tabIndex !== 0) problem('table that the keyboard does not reach');
    if (!table.caption?.textContent.trim() && !table.hasAttribute('aria-labelledby')) problem('table without a name');
  }
  if (page.documentElement.lang !== 'en') problem('no language');
}

function checkWidth(page, width) {
  const root = page.documentElement;
  if (root.scrollWidth > width) problem(`page of ${root.scrollWidth} px in a window of ${width}`);
  const plots = [...page.querySelectorAll('svg.plot')].map((plot) => {
    const box = plot.getBoundingClientRect();
    const bars = [...plot.querySelectorAll('rect')].filter((bar) => bar.getBoundingClientRect().width > 0);
    const texts = [...plot.querySelectorAll('text')].filter((text) => text.getBoundingClientRect().width > 0);
    for (const text of texts) {
      const { left, right } = text.getBoundingClientRect();
      if (left < 0 || right > width) problem(`text beyond the window of ${width}: ${text.textContent}`);
    }
    return { id: plot.querySelector('title').id, width: box.width, bars: bars.length, texts: texts.length };
  });
  found.widths.push({ width, plots, textLength: page.body.innerText.length });
}

window.onload = () => {
  for (const frame of document.querySelectorAll('iframe')) {
    const page = frame.contentDocument;
    checkWidth(page, frame.clientWidth);
    checkText(page, frame.contentWindow);
    checkMarkup(page);
    checkNames(page);
    found.title = page.title;
    found.text = page.body.innerText;
    if (frame.contentWindow.hacked || window.hacked) problem('a script ran');
  }
  document.body.textContent = JSON.stringify({ ...found, problems });
};
