import { mount } from 'svelte';
import './style/theme.css';
import './style/base.css';
import App from './App.svelte';

const target = document.getElementById('app');
if (target === null) throw new Error('index.html has no #app');
mount(App, { target });
