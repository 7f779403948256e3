// Runs before the first paint: tells the styles that scripts work, and which colours were chosen.
// No `enhance`, and no module: one would run too late.
(function boot() {
  var root = document.documentElement;
  if (!("noModule" in HTMLScriptElement.prototype)) return;
  root.dataset.scripts = "";
  try {
    var theme = localStorage.getItem("theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  } catch (error) {
    // Storage is switched off: the colours follow the system.
  }
})();
