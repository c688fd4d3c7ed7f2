for (const figure of document.querySelectorAll("figure")) {
  const sentence = figure.querySelector(".sentence");
  if (!sentence) continue;
  const show = (event) => {
    const title = event.target.closest(".mark")?.querySelector("title");
    if (title) sentence.textContent = title.textContent;
  };
  for (const kind of ["mouseover", "focusin", "click"]) figure.addEventListener(kind, show);
}
