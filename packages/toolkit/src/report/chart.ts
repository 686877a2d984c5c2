/** @file Charts as SVG text, drawn without a browser. */

import * as echarts from "echarts";

/** Width and height in CSS pixels. */
export interface ChartSize {
  readonly width: number;
  readonly height: number;
}

/** A chart as an `<svg>` element that scales with its container. */
export function chartSvg(option: echarts.EChartsOption, { width, height }: ChartSize): string {
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width, height });
  chart.setOption({ animation: false, textStyle: { fontFamily: "system-ui, sans-serif" }, ...option });
  const svg = chart.renderToSVGString({ useViewBox: true });
  chart.dispose();
  return svg;
}
