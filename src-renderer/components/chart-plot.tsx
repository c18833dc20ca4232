/** The drawn half of Chart: the only file that knows uPlot. Loaded lazily. */
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { chartTicks } from './chart-ticks.ts';
import type { ChartProps } from './chart.tsx';

type PlotProps = ChartProps & { readonly heightPx: number };

/** The same words as a clock on the wall: a bare ":30" says nothing of when. */
const clock = new Intl.DateTimeFormat('en', { timeStyle: 'medium', hourCycle: 'h23' });

/** Half the width of "18:15:30" in 11 px, and some air. */
const clockHalfPx = 26;

function colourOf(element: Element, token: string): string {
  return getComputedStyle(element).getPropertyValue(token).trim();
}

function dataOf({ times, series }: PlotProps): uPlot.AlignedData {
  return [[...times], ...series.map((line) => [...line.values])];
}

/** A label too near to an end would be cut off there, or lie over the numbers of the other axis. */
function isInside(plot: uPlot, seconds: number): boolean {
  const at = plot.valToPos(seconds, 'x');
  return at >= clockHalfPx && at <= plot.bbox.width / devicePixelRatio - clockHalfPx;
}

function hasValues([, ...columns]: uPlot.AlignedData): boolean {
  return columns.some((column) =>
    [...column].some((value) => value !== null && value !== undefined && value > 0),
  );
}

export default function Plot(props: PlotProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const shape = props.series.map((line) => `${line.label} ${line.colour}`).join('|');

  // biome-ignore lint/correctness/useExhaustiveDependencies: built again only when its lines or height are others
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const build = () => {
      plot.current?.destroy();
      const { series, heightPx, max = null } = latest.current;
      const muted = colourOf(element, '--text-muted');
      const line = colourOf(element, '--line');
      const axis: uPlot.Axis = {
        stroke: muted,
        font: `11px ${colourOf(element, '--font-interface')}`,
        grid: { stroke: line, width: 1 },
        ticks: { show: false },
      };
      plot.current = new uPlot(
        {
          width: Math.max(80, element.clientWidth),
          height: heightPx,
          padding: [6, 0, 0, 0],
          legend: { show: false },
          cursor: { show: false },
          scales: {
            x: { time: true },
            // uPlot gives null where there is no value yet, and a scale needs some height where all are zero.
            y: { range: (_self, _low, high) => [0, max ?? (high > 0 ? high * 1.15 : 1)] },
          },
          axes: [
            {
              ...axis,
              size: 18,
              gap: 2,
              grid: { show: false },
              space: 90,
              values: (self, ticks) =>
                ticks.map((tick) => (isInside(self, tick) ? clock.format(tick * 1000) : null)),
            },
            {
              ...axis,
              size: 58,
              gap: 4,
              // All zero, or nothing read: only the 0 at the bottom is true.
              splits: (self, _axis, _low, high) =>
                chartTicks(hasValues(self.data) ? high : 0, latest.current.unit ?? 'number'),
              values: (_self, ticks) => ticks.map((tick) => latest.current.format(tick)),
            },
          ],
          series: [
            {},
            ...series.map((entry): uPlot.Series => {
              const stroke = colourOf(element, entry.colour);
              return {
                label: entry.label,
                stroke,
                width: 1.5,
                points: { show: false },
                fill: `color-mix(in srgb, ${stroke} 12%, transparent)`,
                spanGaps: false,
              };
            }),
          ],
        },
        dataOf(latest.current),
        element,
      );
    };
    build();
    const resize = new ResizeObserver(() => {
      if (element.clientWidth > 0)
        plot.current?.setSize({ width: element.clientWidth, height: latest.current.heightPx });
    });
    resize.observe(element);
    const theme = new MutationObserver(build);
    theme.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    return () => {
      resize.disconnect();
      theme.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [shape, props.heightPx]);

  useEffect(() => {
    plot.current?.setData(dataOf(latest.current));
  });

  return <div ref={box} className="h-full w-full" />;
}
