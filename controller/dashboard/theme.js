// Sets the theme that the reader chose before anything is drawn; without a choice the system's goes. Runs as a classic
// script in the head, so that no page flashes in the other theme. The button that changes it is in `parts/theme-button.js`.

(() => {
  const chosen = localStorage.getItem('lockstep-theme');
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset['theme'] = chosen;
})();
