package org.smpvisor.trace;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.smpvisor.engine.Engine;
import org.smpvisor.engine.NativeEngine;

class EventRingTest {
    private final Engine engine = new NativeEngine(1);

    private static List<Integer> args(EventRing ring, int domain, int intid) {
        List<EventRing.Entry> out = new ArrayList<>();
        ring.collect(domain, intid, out);
        return out.stream().map(EventRing.Entry::arg).toList();
    }

    @Test
    void anEventIsReadBackWhole() {
        EventRing ring = new EventRing("cpu3", 4, engine);
        ring.record(Event.GUEST_ACK, 255, 1019, -7);
        List<EventRing.Entry> out = new ArrayList<>();
        ring.collect(255, 1019, out);
        assertThat(out).singleElement().satisfies(e -> {
            assertThat(e.source()).isEqualTo("cpu3");
            assertThat(e.kind()).isEqualTo(Event.GUEST_ACK);
            assertThat(e.arg()).isEqualTo(-7);
            assertThat(e.nanos()).isLessThanOrEqualTo(System.nanoTime());
        });
    }

    @Test
    void onlyTheInterruptAskedForIsCollected() {
        EventRing ring = new EventRing("r", 8, engine);
        ring.record(Event.INJECT, 1, 40, 1);
        ring.record(Event.INJECT, 2, 40, 2);
        ring.record(Event.INJECT, 1, 41, 3);
        assertThat(args(ring, 1, 40)).containsExactly(1);
    }

    @Test
    void theOldestAreOverwritten() {
        EventRing ring = new EventRing("r", 4, engine);
        for (int i = 0; i < 6; i++) {
            ring.record(Event.INJECT, 1, 40, i);
        }
        assertThat(args(ring, 1, 40)).containsExactlyInAnyOrder(2, 3, 4, 5);
    }

    @Test
    void aRingWithoutRoomRecordsNothing() {
        EventRing ring = new EventRing("r", 0, engine);
        ring.record(Event.INJECT, 1, 40, 0);
        assertThat(args(ring, 1, 40)).isEmpty();
    }
}
