import { gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** A compressed copy beside each text file: browsers ask for gzip where there is no TLS, and the server compresses nothing. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    enforce: 'post',
    generateBundle(_options, bundle) {
      for (const [fileName, file] of Object.entries(bundle)) {
        if (!/\.(js|css|html|svg|webmanifest)$/.test(fileName)) continue;
        const text = file.type === 'chunk' ? file.code : file.source;
        this.emitFile({ type: 'asset', fileName: `${fileName}.gz`, source: gzipSync(text, { level: 9 }) });
      }
    },
  };
}

export default defineConfig({
  // Addresses relative to the page: it works behind a proxy in a folder of its own, too.
  base: './',
  plugins: [react(), compressed()],
  build: {
    target: ['chrome107', 'firefox104', 'safari16'],
    // One polyfill of inline script less: the policy allows none.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    // The packages' licences ask to go with what is made of them.
    license: { fileName: 'licences.md' },
  },
  server: {
    // `npm run dev` beside a running program.
    proxy: { '^/(api|live|status|start|stop|snapshot|readyz|healthz)': 'http://127.0.0.1:8000' },
  },
});
