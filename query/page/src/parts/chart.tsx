// Activity over time as bars: for the eye a canvas, for everyone a summary and a table.
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import type { Timeline } from '../data/answers.ts';
import { bucketTime, count, counted } from '../text/format.ts';
import { axisText, bucketAt, plotData, summaryOf, typesOf } from './chart-data.ts';

interface ChartProps {
  timeline: Timeline;
  /** A type that stands out. */
  highlight?: string | undefined;
  /** Called with the number of a bucket whose bar or row was chosen. */
  onOpen: (index: number) => void;
}

const height = 220;

/** What a variable of the style sheet is in the theme shown: a canvas takes no `light-dark()`. */
function colour(element: HTMLElement, name: string): string {
  element.style.color = `var(${name})`;
  const { color } = getComputedStyle(element);
  element.style.color = '';
  return color;
}

/** The options of the plot, in the colours of the theme. */
function optionsOf(
  element: HTMLElement,
  { timeline, highlight }: Omit<ChartProps, 'onOpen'>,
  onCursor: (seconds: number | undefined) => void,
): uPlot.Options {
  const bars = uPlot.paths.bars?.({ size: [0.82, 60], align: 1 });
  const axis = {
    stroke: colour(element, '--quiet'),
    font: `12px ${getComputedStyle(element).fontFamily}`,
    ticks: { show: false },
  };
  const series = (name: string): uPlot.Series => ({
    ...(bars && { paths: bars }),
    fill: colour(element, name),
    width: 0,
    points: { show: false },
  });
  return {
    width: element.clientWidth,
    height,
    padding: [10, 16, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    scales: { y: { range: (_, __, max) => [0, Math.max(4, max * 1.08)] } },
    axes: [
      {
        ...axis,
        size: 26,
        grid: { show: false },
        space: 70,
        values: (_, splits) => splits.map((at) => axisText(at, timeline)),
      },
      {
        ...axis,
        size: (_, values) => 14 + 7 * Math.max(1, ...(values ?? []).map((text) => text.length)),
        grid: { stroke: colour(element, '--line'), width: 1 },
        values: (_, splits) => splits.map((value) => (Number.isInteger(value) ? count(value) : '')),
      },
    ],
    series: [{}, series(highlight === undefined ? '--accent' : '--accent-soft'), series('--accent')],
    hooks: {
      // Not the nearest beginning, which is that of the next bucket from its middle on.
      setCursor: [
        (plot) =>
          onCursor((plot.cursor.left ?? -1) < 0 ? undefined : plot.posToVal(plot.cursor.left ?? 0, 'x')),
      ],
    },
  };
}

/** The chart. */
export function Chart({ timeline, highlight, onOpen }: ChartProps): VNode {
  const place = useRef<HTMLDivElement>(null);
  const [pointed, setPointed] = useState<number>();
  const plot = useRef<uPlot>(undefined);
  const latest = useRef({ timeline, highlight });
  latest.current = { timeline, highlight };

  // A changed look needs another plot; changed data does not.
  const look = `${timeline.interval} ${highlight ?? ''} ${timeline.buckets.length}`;
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    function draw(): void {
      if (!element) return;
      plot.current?.destroy();
      plot.current = new uPlot(
        optionsOf(element, latest.current, setPointed),
        plotData(latest.current.timeline, latest.current.highlight),
        element,
      );
    }
    draw();
    const sizes = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height }));
    sizes.observe(element);
    const system = matchMedia('(prefers-color-scheme: dark)');
    system.addEventListener('change', draw);
    document.addEventListener('themechange', draw);
    return () => {
      sizes.disconnect();
      system.removeEventListener('change', draw);
      document.removeEventListener('themechange', draw);
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [look]);
  useEffect(() => plot.current?.setData(plotData(timeline, highlight)), [timeline, highlight]);

  const index = pointed === undefined ? undefined : bucketAt(pointed, timeline);
  const bucket = index === undefined ? undefined : timeline.buckets[index];
  return (
    <div class="chart">
      <p class="chart-note" aria-hidden="true">
        {bucket ? (
          <Pointed bucket={bucket} interval={timeline.interval} highlight={highlight} />
        ) : (
          summaryOf(timeline, highlight)
        )}
      </p>
      {/* For the pointer alone: the table below has a button for each bar. */}
      <div
        ref={place}
        class={index === undefined ? 'plot' : 'plot pointed'}
        role="img"
        aria-label={summaryOf(timeline, highlight)}
        onClick={() => index !== undefined && onOpen(index)}
      />
      <details>
        <summary>As a table</summary>
        <TimelineTable timeline={timeline} onOpen={onOpen} />
      </details>
    </div>
  );
}

interface PointedProps {
  bucket: Timeline['buckets'][number];
  interval: Timeline['interval'];
  highlight: string | undefined;
}

function Pointed({ bucket, interval, highlight }: PointedProps): VNode {
  return (
    <>
      <b>{bucketTime(bucket.start, interval)}</b> {counted(bucket.total, 'event')}
      {typesOf(bucket.byType, highlight)
        .slice(0, 4)
        .map(([type, total]) => ` · ${type} ${count(total)}`)}
    </>
  );
}

function TimelineTable({ timeline: { buckets, interval }, onOpen }: Omit<ChartProps, 'highlight'>): VNode {
  const some = buckets
    .map((bucket, index) => ({ ...bucket, index }))
    .filter(({ total }) => total > 0)
    .toReversed();
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Activity over time as a table">
      <table>
        <caption class="hidden">Events by {interval}, the latest first; without events left out</caption>
        <thead>
          <tr>
            <th scope="col">{interval.charAt(0).toUpperCase() + interval.slice(1)}</th>
            <th scope="col" class="number">
              Events
            </th>
            <th scope="col">By type</th>
          </tr>
        </thead>
        <tbody>
          {some.map(({ start, total, byType, index }) => (
            <tr key={start}>
              <th scope="row">
                <button type="button" class="link" onClick={() => onOpen(index)}>
                  {bucketTime(start, interval)}
                </button>
              </th>
              <td class="number">{count(total)}</td>
              <td class="quiet">
                {typesOf(byType)
                  .map(([type, one]) => `${type} ${count(one)}`)
                  .join(', ')}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
