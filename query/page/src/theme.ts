// Light or dark: as the system has it, unless chosen here.

/** What can be chosen. */
export const themes = ['auto', 'light', 'dark'] as const;
/** One of {@link themes}. */
export type Theme = (typeof themes)[number];

const key = 'activity-theme';

/** What was chosen last. */
export function storedTheme(): Theme {
  try {
    const stored = localStorage.getItem(key);
    return themes.find((theme) => theme === stored) ?? 'auto';
  } catch {
    // Storage may be forbidden: the choice lasts as long as the page then.
    return 'auto';
  }
}

/** Shows the page in a theme. */
export function applyTheme(theme: Theme): void {
  if (theme === 'auto') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
  document.dispatchEvent(new Event('themechange'));
}

/** Shows the page in a theme, next time too. */
export function chooseTheme(theme: Theme): void {
  try {
    localStorage.setItem(key, theme);
  } catch {
    // As above.
  }
  applyTheme(theme);
}
