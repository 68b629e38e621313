#!/bin/sh
# Rebuild echarts.min.js from the npm registry: needs node 18 or later and npm. Versions are pinned here and named in README.md.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here/entry.js" "$work/entry.js"
cd "$work"
npm init -y >/dev/null
npm install --no-audit --no-fund --save-exact echarts@6.1.0 esbuild@0.28.2 >/dev/null
node_modules/.bin/esbuild entry.js --bundle --minify --format=iife --global-name=echarts --target=es2020 --charset=ascii \
  --define:process.env.NODE_ENV='"production"' --legal-comments=none \
  --banner:js='/* Apache ECharts 6.1.0 with zrender and tslib; licences in LICENSE */' --outfile="$here/echarts.min.js"
cat node_modules/echarts/LICENSE node_modules/echarts/NOTICE > "$here/LICENSE"
for package in zrender tslib; do
  licence=$(ls node_modules/$package/LICENSE* | head -n 1)
  printf '\n\n==== %s %s ====\n\n' "$package" "$(node -p "require('$package/package.json').version" 2>/dev/null || node -p "JSON.parse(require('fs').readFileSync('node_modules/$package/package.json')).version")" >> "$here/LICENSE"
  cat "$licence" >> "$here/LICENSE"
done
wc -c "$here/echarts.min.js"
