// What the report draws with, and nothing else: esbuild leaves the rest of ECharts out of the bundle.
import * as echarts from "echarts/core";
import { BarChart, CustomChart, LineChart, SankeyChart, ScatterChart } from "echarts/charts";
import {
  AriaComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent,
} from "echarts/components";
import { SVGRenderer } from "echarts/renderers";

echarts.use([
  BarChart, CustomChart, LineChart, SankeyChart, ScatterChart,
  AriaComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent, SVGRenderer,
]);

export const init = echarts.init;
export const version = echarts.version;
