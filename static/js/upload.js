// Uploads say how far they are. Without this their forms work as any other.
(() => {
  const size = n => (n / 1e6).toFixed(1) + '\u00a0MB';
  addEventListener('submit', e => {
    const form = e.target;
    // Another button of the form sends no files; without files there is nothing to wait for.
    if (!form.matches('form[data-upload]') || e.submitter?.hasAttribute('formaction') || !form.querySelector('[type=file]').files.length) return;
    e.preventDefault();
    const part = form.querySelector('[data-progress]'), bar = part.querySelector('progress'), words = part.querySelector('[data-words]');
    const button = form.querySelector('button:not([type=button])'), files = [...form.querySelector('[type=file]').files];
    const say = text => { part.hidden = false; words.textContent = text; };
    const stop = text => { button.disabled = false; bar.hidden = true; say(text); };
    const large = files.filter(f => f.size > +form.dataset.most);
    if (large.length) return stop(large.map(f => f.name).join(', ') + (large.length > 1 ? ' are' : ' is') + ' larger than ' + (form.dataset.mostWords || '100\u00a0MB') + ', the most that is accepted. Nothing was sent.');
    const x = new XMLHttpRequest();
    x.open('POST', form.action);
    x.setRequestHeader('HX-Request', 'true');
    x.setRequestHeader('HX-Request-Type', 'full');
    x.upload.onprogress = p => {
      if (!p.lengthComputable) return;
      bar.value = 100 * p.loaded / p.total;
      say(p.loaded < p.total ? size(p.loaded) + ' of ' + size(p.total) + ' sent' : 'All sent. Checking and saving it.');
    };
    x.onerror = x.ontimeout = () => stop('The connection broke off. Nothing was saved. Check it, and send the form again.');
    x.onload = () => {
      const to = x.getResponseHeader('HX-Redirect'), main = document.getElementById('main');
      if (to) {
        const { pathname, search, hash } = new URL(to, location);
        if (pathname + search !== location.pathname + location.search) return location.assign(to);
        // Only the place in the page differs: the page itself is new all the same.
        location.hash = hash;
        return location.reload();
      }
      const page = new DOMParser().parseFromString(x.responseText, 'text/html'), next = page.getElementById('main') || page.querySelector('main');
      if (!next) return stop('That did not work (' + x.status + '). Nothing was saved. Send the form again.');
      if (x.status !== 422 && !next.querySelector('form[data-upload]')) {
        const title = next.querySelector('h1'), why = next.querySelector('p');
        return stop([title, why].filter(Boolean).map(n => n.textContent.trim()).join('. '));
      }
      main.replaceChildren(...next.childNodes);
      globalThis.htmx?.process(main);
      document.title = page.title;
      document.getElementById('errors')?.focus();
    };
    // A session that has ended is found out before the files are on their way.
    const begin = () => { button.disabled = true; bar.hidden = false; bar.value = 0; say('Sending…'); x.send(new FormData(form)); };
    fetch('/me/presence', { method: 'POST', headers: { 'HX-Request': 'true' } }).then(r => r.ok ? begin() : location.reload(), x.onerror);
  });
})();
