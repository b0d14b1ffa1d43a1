// The theme's toggles of the list of pages have no name: a screen reader needs one.
document.addEventListener("DOMContentLoaded", () => {
  for (const toggle of document.querySelectorAll("details > summary")) {
    if (!toggle.textContent.trim()) toggle.setAttribute("aria-label", "Show or hide the pages below");
  }
});
