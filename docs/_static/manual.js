// The theme's toggles of the list of pages have no name: a screen reader needs one.
document.addEventListener("DOMContentLoaded", () => {
  for (const toggle of document.querySelectorAll("details > summary")) {
    if (!toggle.textContent.trim()) toggle.setAttribute("aria-label", "Show or hide the pages below");
  }
});

// The theme's search button shows its key too, which its name must contain.
document.addEventListener("DOMContentLoaded", () => {
  for (const button of document.querySelectorAll(".search-button-field")) {
    button.setAttribute("aria-label", button.textContent.replace(/\s+/g, " ").trim());
  }
});
