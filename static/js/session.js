// How a session ends: with a warning before, and without losing what was typed, or showing it to anybody else.
(() => {
  const $ = s => document.querySelector(s), on = (type, f) => addEventListener(type, f);
  const idle = document.body.dataset.idle * 1e3, warning = $('#idle'), over = $('#ended');
  if (!idle || !warning || !over) return;
  const tabs = new BroadcastChannel('session'), field = 'textarea,input:not([type=hidden],[type=search],[type=checkbox],[type=radio])';
  const typed = () => [...document.querySelectorAll(field)].some(f => f.value !== f.defaultValue);
  // Whether the session goes on, and is the same person's: somebody else may have signed in meanwhile.
  const present = () => fetch('/me/presence', { method: 'POST', headers: { 'HX-Request': 'true' }, body: new URLSearchParams({ person: over.dataset.person }) }).then(r => r.status === 204);
  let warn, end, last;

  // What was typed is kept for an hour behind a curtain; where nothing was, the page goes at once.
  const ended = () => {
    if (!typed()) return location.reload();
    if (over.open) return;
    if (warning.open) warning.close('');
    over.showModal(); setTimeout(() => over.open && location.reload(), 36e5);
  };
  const arm = () => {
    clearTimeout(warn); clearTimeout(end);
    if (warning.open) warning.close('');
    warn = setTimeout(() => over.open || warning.showModal(), idle - 12e4); end = setTimeout(ended, idle + 2e3);
  };
  const used = () => { last = Date.now(); arm(); tabs.postMessage(1); };
  tabs.onmessage = arm; used();

  warning.onclose = () => warning.returnValue === 'stay' && present().then(ok => ok ? used() : ended());
  over.oncancel = e => e.preventDefault();
  over.onclose = () => present().then(ok => ok ? used() : over.showModal());
  // A stream may have been another session's: the one that counts is asked.
  on('session-ended', () => present().then(ok => ok || ended(), ended));
  on('htmx:after:request', e => {
    const { request, response } = e.detail.ctx;
    if (response.status === 401) ended(); else if (!request.headers['Almoner-Automatic']) used();
  });
  // A form that leaves the page takes what was typed along: not to the page that asks to sign in.
  on('submit', e => {
    const form = e.target, button = e.submitter, send = () => { used(); form.requestSubmit(button); };
    if (e.defaultPrevented || form.method !== 'post' || Date.now() - last < 6e4 || !typed()) return;
    e.preventDefault(); present().then(ok => ok ? send() : ended(), send);
  });
})();
