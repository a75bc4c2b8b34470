// Says on the page what keeps it from starting. Once it has started, its placeholder is gone
// and there is nothing left to do here.
(() => {
  const chinese = navigator.language.startsWith("zh");
  const say = (what) => {
    const place = document.getElementById("placeholder");
    // the first error is the cause of those that follow
    if (!place || place.className === "failure") return;
    const line = (name, text) => {
      const element = document.createElement(name);
      element.textContent = text;
      return element;
    };
    const again = line("a", chinese ? "重新加载" : "Reload");
    again.href = location.href;
    again.className = "button";
    place.className = "failure";
    place.dataset.testid = "failure";
    place.setAttribute("role", "alert");
    place.replaceChildren(
      line("h2", chinese ? "页面无法启动" : "The page could not start"),
      line("pre", what),
      line(
        "p",
        chinese
          ? "请重新加载页面；若仍如此，请更新浏览器，或检查 podshell 是否仍在运行。"
          : "Reload the page. If that does not help, update the browser, or check that podshell still runs.",
      ),
      again,
    );
  };
  // a file that did not load tells it to itself only, hence the capture
  addEventListener(
    "error",
    (event) => {
      // a module does not tell which of its imports is missing
      const file = event.target.src || event.target.href || (chinese ? "一个脚本" : "a script");
      say(event.message ?? (chinese ? "无法加载：" : "Could not load ") + file);
    },
    true,
  );
  addEventListener("unhandledrejection", (event) => say(String(event.reason)));
  if (typeof WebAssembly !== "object") {
    addEventListener("DOMContentLoaded", () => say(chinese ? "此浏览器不支持 WebAssembly。" : "This browser has no WebAssembly."));
  }
})();
