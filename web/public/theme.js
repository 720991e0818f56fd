// Sets the colours before anything is drawn. The switch itself is src/app/theme.ts.
(function () {
  var chosen = null;
  try {
    chosen = localStorage.getItem('mainstay.theme');
  } catch {
    // Storage may be forbidden; the system's choice holds then.
  }
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
})();
