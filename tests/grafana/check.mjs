// Holds deploy/grafana/cardwatch.json against the types that Grafana publishes for dashboards and for the panels in
// it: a key that Grafana does not know, or a value of another kind, is an error of the compiler. The dashboard is written
// out as a literal, since the compiler looks for unknown keys in literals alone.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const [source, folder] = process.argv.slice(2);

const KINDS = {
  bargauge: ['BarGauge', false],
  heatmap: ['Heatmap', true],
  stat: ['Stat', false],
  table: ['Table', true],
  timeseries: ['TimeSeries', true],
};

const dashboard = JSON.parse(readFileSync(source, 'utf8'));
// What the Prometheus data source reads of an annotation, which the published types do not know.
for (const annotation of dashboard.annotations.list) {
  for (const key of ['expr', 'step', 'titleFormat', 'textFormat']) delete annotation[key];
}
const lines = [
  "import type { Dashboard } from '@grafana/schema/dist/esm/raw/dashboard/x/Dashboard_types.gen';",
  ...Object.entries(KINDS).map(
    ([kind, [name]]) =>
      `import type * as ${kind} from '@grafana/schema/dist/esm/raw/composable/${kind}/panelcfg/x/${name}PanelCfg_types.gen';`,
  ),
  // In JSON an enum is its value.
  'type Plain<T> = T extends string ? `${T}` : T extends number ? `${T}` extends `${infer N extends number}` ? N : T',
  '  : T extends (infer U)[] ? Plain<U>[] : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;',
  // What the Prometheus data source reads of a query, which the published types leave open.
  'interface Query { refId: string; datasource: { type: "prometheus"; uid: "${datasource}" }; expr: string; instant?: boolean;',
  '  format?: "time_series" | "table" | "heatmap"; legendFormat?: string }',
  `export const dashboard: Plain<Dashboard> = ${JSON.stringify(dashboard, null, 1)};`,
];
for (const panel of dashboard.panels.filter((panel) => panel.type !== 'row')) {
  if (!(panel.type in KINDS)) throw new Error(`panel ${panel.id}: no types are imported for the kind ${panel.type}`);
  const [, hasFields] = KINDS[panel.type];
  const { custom = {} } = panel.fieldConfig.defaults;
  lines.push(`export const queries${panel.id}: Query[] = ${JSON.stringify(panel.targets)};`);
  lines.push(`export const options${panel.id}: Plain<${panel.type}.Options> = ${JSON.stringify(panel.options)};`);
  const fields = hasFields ? `Plain<Partial<${panel.type}.FieldConfig>>` : 'Record<string, never>';
  lines.push(`export const fields${panel.id}: ${fields} = ${JSON.stringify(custom)};`);
}

mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'dashboard.ts'), lines.join('\n'));
writeFileSync(
  join(folder, 'tsconfig.json'),
  JSON.stringify({ compilerOptions: { strict: true, noEmit: true, module: 'preserve', target: 'es2022', skipLibCheck: true, types: [] }, files: ['dashboard.ts'] }),
);
const modules = join(folder, 'node_modules');
rmSync(modules, { force: true });
symlinkSync(join(here, 'node_modules'), modules);
try {
  execFileSync(process.execPath, [join(here, 'node_modules/typescript/bin/tsc'), '-p', folder], { stdio: 'inherit' });
} catch {
  process.exitCode = 1;
}
