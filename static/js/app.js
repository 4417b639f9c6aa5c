// What the browser does beyond HTML and htmx. Every page works without it. Nothing is stored.
(() => {
  const $ = (s, r = document) => r.querySelector(s), $$ = (s, r = document) => [...r.querySelectorAll(s)];
  const on = (type, f) => addEventListener(type, f), root = document.documentElement;
  const typing = e => e.target.closest('input:not([type=checkbox],[type=radio]),textarea,select,[contenteditable]');
  const shown = el => el.getClientRects().length && getComputedStyle(el).visibility === 'visible';
  const say = t => { const s = $('#say'); if (s) { s.textContent = ''; setTimeout(() => s.textContent = t, 60); } };

  // J and K put the focus on the row's main link, so that Enter needs no help from here; the preview follows.
  let later, place = -1;
  const rows = () => $$('.tb tbody tr:has(a.pt)');
  const mark = row => {
    place = rows().indexOf(row);
    for (const r of $$('tr[aria-current]')) r.removeAttribute('aria-current');
    row.setAttribute('aria-current', 'true');
  };
  const move = step => {
    const all = rows(), now = all.findIndex(r => r.ariaCurrent), row = all[Math.max(0, Math.min(all.length - 1, now + step))];
    if (!row) return;
    mark(row); $('a.pt', row).focus({ preventScroll: true }); row.scrollIntoView({ block: 'nearest' });
    clearTimeout(later); later = setTimeout(() => $('a[hx-get]', row)?.click(), 250);
  };
  let g = 0;
  on('keydown', e => {
    if (e.key === 'Escape') for (const m of $$('details.menu[open]')) { m.open = false; $('summary', m).focus(); }
    if (root.dataset.keys === 'off' || e.ctrlKey || e.metaKey || e.altKey || typing(e) || $('dialog[open]')) return;
    const k = e.key.toLowerCase(), press = el => { if (el) { e.preventDefault(); el.click(); } };
    if (Date.now() - g < 1000) { g = 0; press($(`[data-go="${CSS.escape(k)}"]`)); }
    else if (k === 'g') g = Date.now();
    else if (k === '/') { e.preventDefault(); $('#q')?.focus(); }
    else if (k === '?') { e.preventDefault(); $('#keys')?.showModal(); }
    else if (k === 'j') move(1);
    else if (k === 'k') move(-1);
    else if (k === 'x') press($('tr[aria-current] [type=checkbox]'));
    else if (k.length === 1) press($$(`[data-key="${CSS.escape(k)}"]`).find(shown));
  });

  on('click', e => {
    const at = s => e.target.closest(s), opener = at('[data-open]'), dialog = opener && document.getElementById(opener.dataset.open);
    if (dialog) { e.preventDefault(); dialog.showModal(); }
    if (at('[data-dismiss]')) at('.flash').remove();
    if (at('[data-print]')) print();
    if (at('[aria-disabled=true]')) e.preventDefault();
    if (at('.tb tbody a[hx-get]')) mark(at('tr'));
    for (const m of $$('details.menu[open]')) if (!m.contains(e.target)) m.open = false;
  });
  on('change', e => {
    const table = e.target.closest('.tb'); if (!table) return;
    const boxes = $$('tbody [type=checkbox]', table), all = $('[data-all]', table);
    if (e.target === all) for (const b of boxes) b.checked = all.checked;
    const n = boxes.filter(b => b.checked).length;
    if (all) { all.checked = n && n === boxes.length; all.indeterminate = n && n < boxes.length; }
    say(n ? n + ' selected' : 'None selected');
  });

  // Messages are announced and go after ten seconds, as their Undo does; a problem stays.
  const flash = $('#flash'), hear = () => {
    const f = $('.flash', flash); if (!f || f.heard) return;
    f.heard = 1; say($('span', f).textContent);
    const go = () => f.matches(':hover,:focus-within') ? setTimeout(go, 3e3) : f.remove();
    if (!f.matches('.bad')) setTimeout(go, 1e4);
  };
  if (flash) { new MutationObserver(hear).observe(flash, { childList: true }); hear(); }
  const live = (off, t) => { const l = $('#live'); if (l) { l.className = off ? 'live off' : 'live'; l.firstChild.textContent = t; } };
  const failed = (ctx, id) => {
    if (ctx.sourceElement.id === 'live') return live(1, 'Not live');
    const f = $('#failed').content.cloneNode(true);
    $('span', f).textContent = (ctx.request.method === 'GET' ? 'Not loaded' : 'Not saved') + '. Try again.' + (id ? ' Reference ' + id : '');
    flash.replaceChildren(f);
  };

  on('htmx:confirm', e => {
    const q = e.detail.ctx.confirm, d = $('#ask'); if (!q || !d) return;
    e.preventDefault(); $('p', d).textContent = q; d.returnValue = '';
    d.onclose = () => d.returnValue === 'yes' ? e.detail.issueRequest() : e.detail.dropRequest(); d.showModal();
  });
  on('htmx:after:settle', e => { if (e.target.id === 'preview') say($('h2', e.target)?.textContent); });
  // A row that has left takes the focus with it: hand it to the row that stands there now.
  on('htmx:finally:swap', () => {
    const all = rows();
    if (place >= 0 && document.activeElement === document.body && all.length && !$('tr[aria-current]')) { mark(all[Math.min(place, all.length - 1)]); $('tr[aria-current] a.pt').focus(); }
  });
  const bar = busy => $('#progress')?.classList.toggle('htmx-request', busy);
  on('htmx:before:request', e => bar(e.detail.ctx.sourceElement.id !== 'live')); on('htmx:finally:request', () => bar(false));
  on('htmx:response:error', e => { const r = e.detail.ctx.response; if (r.status > 499) failed(e.detail.ctx, r.headers.get('x-request-id')); });
  on('htmx:error', e => e.detail.ctx && failed(e.detail.ctx));
  on('htmx:sse:after:connection', () => live(0, 'Live')); on('htmx:sse:error', () => live(1, 'Not live, retrying'));
  on('offline', () => live(1, 'Offline'));

  // Relative times, in the server's words (src/web/format.rs).
  setInterval(() => {
    for (const s of $$('[data-rel]')) {
      const gap = Date.now() - new Date(s.closest('time').dateTime), m = Math.round(Math.abs(gap) / 6e4);
      const t = m < 1 ? 'now' : m < 60 ? m + '\u00a0min' : m < 1440 ? (m / 60 | 0) + '\u00a0h' : (m / 1440 | 0) + '\u00a0d';
      s.textContent = gap < 0 && m ? 'in\u00a0' + t : t;
    }
  }, 3e4);
})();
