import { describe, expect, it } from 'vitest';
import { createKubeMetrics } from '../../../src/kube/metrics.ts';
import { createQueue } from '../../../src/kube/queue.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

describe('the metrics', () => {
  it('carry the names of controller-runtime, and zeros from the first scrape on', async () => {
    const metrics = createKubeMetrics();
    metrics.controller('item').workers(8);
    metrics.queue('item');
    metrics.leader('sluice');
    const text = await metrics.registry.metrics();
    for (const line of [
      'controller_runtime_reconcile_total{controller="item",result="success"} 0',
      'controller_runtime_reconcile_total{controller="item",result="error"} 0',
      'controller_runtime_reconcile_total{controller="item",result="requeue"} 0',
      'controller_runtime_reconcile_total{controller="item",result="requeue_after"} 0',
      'controller_runtime_reconcile_errors_total{controller="item"} 0',
      'controller_runtime_terminal_reconcile_errors_total{controller="item"} 0',
      'controller_runtime_reconcile_panics_total{controller="item"} 0',
      'controller_runtime_reconcile_timeouts_total{controller="item"} 0',
      'controller_runtime_reconcile_time_seconds_count{controller="item"} 0',
      'controller_runtime_max_concurrent_reconciles{controller="item"} 8',
      'controller_runtime_active_workers{controller="item"} 0',
      'workqueue_adds_total{name="item",controller="item"} 0',
      'workqueue_retries_total{name="item",controller="item"} 0',
      'leader_election_master_status{name="sluice"} 0',
      'leader_election_slowpath_total{name="sluice"} 0',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
    expect(text).toContain('controller_runtime_reconcile_time_seconds_bucket{le="0.005",controller="item"}');
    expect(text).toContain('workqueue_queue_duration_seconds_bucket{le="1e-8"');
  });

  it('tell how deep the queue is by priority, and how long its keys have been running', async () => {
    const metrics = createKubeMetrics();
    const clock = createVirtualClock();
    const queue = createQueue({ clock, name: 'item', metrics: metrics.queue('item') });
    queue.add('a');
    queue.add('b', { priority: -100 });
    queue.add('c', { priority: -100 });
    await queue.get();
    await clock.advance(3_000);
    await queue.get();
    await clock.advance(2_000);
    const lines = (await metrics.registry.metrics()).split('\n');
    expect(lines).toContain('workqueue_depth{name="item",controller="item",priority="0"} 0');
    expect(lines).toContain('workqueue_depth{name="item",controller="item",priority="-100"} 1');
    expect(lines).toContain('workqueue_unfinished_work_seconds{name="item",controller="item"} 7');
    expect(lines).toContain('workqueue_longest_running_processor_seconds{name="item",controller="item"} 5');
    expect(lines).toContain('workqueue_adds_total{name="item",controller="item"} 3');
  });

  it('count requests by code, method and host, and leadership', async () => {
    const metrics = createKubeMetrics();
    metrics.transport.requested({ code: '200', method: 'GET', host: 'h:1', ms: 30 });
    metrics.transport.retried({ code: '429', method: 'GET', host: 'h:1' });
    metrics.leader('sluice').leading(true);
    const lines = (await metrics.registry.metrics()).split('\n');
    expect(lines).toContain('rest_client_requests_total{code="200",method="GET",host="h:1"} 1');
    expect(lines).toContain('rest_client_request_retries_total{code="429",verb="GET",host="h:1"} 1');
    expect(lines).toContain('rest_client_request_duration_seconds_bucket{le="0.1",verb="GET",host="h:1"} 1');
    expect(lines).toContain('leader_election_master_status{name="sluice"} 1');
  });

  it('do not meet in one registry unless asked to', () => {
    expect(createKubeMetrics().registry).not.toBe(createKubeMetrics().registry);
  });
});
