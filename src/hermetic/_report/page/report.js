"use strict";
{
  const form = document.getElementById("filter"), words = document.getElementById("words"), shown = document.getElementById("shown");
  const articles = [...document.querySelectorAll("article")].map((node) => [node, node.closest("section").firstElementChild.textContent + " " + node.textContent]);
  const show = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const severities = new Set([...form.querySelectorAll("[name=severity]:checked")].map((box) => box.value));
    let count = 0;
    for (const [node, text] of articles) {
      const fits = severities.has(node.dataset.severity) && wanted.every((word) => text.toLowerCase().includes(word));
      node.hidden = !fits;
      if (fits) count += 1;
    }
    for (const section of document.querySelectorAll("section")) section.hidden = !section.querySelector("article:not([hidden])");
    shown.textContent = `${count} of ${articles.length} shown`;
  };
  form.hidden = articles.length === 0;
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  show();
}
