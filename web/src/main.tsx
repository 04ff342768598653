import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './App.tsx';
import './style/base.css';
import './style/frame.css';
import './style/parts.css';
import './style/live.css';
import './style/pages.css';
import './style/events.css';
import './style/access.css';

const place = document.getElementById('page');
if (place === null) throw new Error('index.html has no place for the page');
createRoot(place).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
