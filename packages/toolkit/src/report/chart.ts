/** @file Charts as SVG text, drawn without a browser. */

import type { EChartsOption } from "echarts";

/** Width and height in CSS pixels. */
export interface ChartSize {
  readonly width: number;
  readonly height: number;
}

/** A chart as an `<svg>` element that scales with its container. */
export async function chartSvg(option: EChartsOption, { width, height }: ChartSize): Promise<string> {
  const echarts = await import("#echarts"); // Takes a second to load: only commands that draw wait for it.
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width, height });
  chart.setOption({ animation: false, textStyle: { fontFamily: "system-ui, sans-serif" }, ...option });
  const svg = chart.renderToSVGString({ useViewBox: true });
  chart.dispose();
  return svg;
}
