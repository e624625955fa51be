// The button that goes through the themes.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { chooseTheme, storedTheme, themes } from '../theme.ts';
import { Icon } from './icon.tsx';

const looks = {
  auto: { icon: 'auto', name: 'as the system' },
  light: { icon: 'sun', name: 'light' },
  dark: { icon: 'moon', name: 'dark' },
} as const;

/** Shows which theme is chosen; a click chooses the next. */
export function ThemeButton(): VNode {
  const [theme, setTheme] = useState(storedTheme);
  const next = themes[(themes.indexOf(theme) + 1) % themes.length] ?? 'auto';
  const label = `Theme: ${looks[theme].name}. Change to: ${looks[next].name}`;
  return (
    <button
      type="button"
      class="button plain square"
      aria-label={label}
      title={label}
      onClick={() => {
        chooseTheme(next);
        setTheme(next);
      }}
    >
      <Icon name={looks[theme].icon} />
    </button>
  );
}
