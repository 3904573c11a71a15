// What the theme leaves out, for those who read by ear, by keyboard or on a phone. It runs again on each page.
document$.subscribe(() => {
  document.querySelector(".md-search")?.setAttribute("aria-label", "Search");
  for (const code of document.querySelectorAll("pre > code")) code.tabIndex = 0;
  for (const cell of document.querySelectorAll("td")) cell.classList.toggle("sentence", cell.textContent.length > 35);
});
