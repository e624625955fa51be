// The page's beginning.
import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import { App } from './app.tsx';
import './styles/base.css';
import './styles/shell.css';
import './styles/parts.css';
import './styles/events.css';
import './styles/states.css';
import './styles/views.css';
import './styles/sign-in.css';
import { applyTheme, storedTheme } from './theme.ts';

applyTheme(storedTheme());
const root = document.querySelector('#app');
if (root) render(<App />, root);
