package org.smpvisor.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SgiMailboxTest {
    private final SgiMailbox box = new SgiMailbox(3);

    private List<Integer> drain() {
        List<Integer> all = new ArrayList<>();
        for (int m = box.poll(); m >= 0; m = box.poll()) {
            all.add(m);
        }
        return all;
    }

    @Test
    void anEmptyBoxGivesNothing() {
        assertThat(box.isEmpty()).isTrue();
        assertThat(box.poll()).isEqualTo(-1);
    }

    @Test
    void messagesArriveInOrderWithSenderAndNumber() {
        box.post(2, 5);
        box.post(0, 15);
        box.post(2, 0);
        assertThat(drain()).containsExactly(2 << 4 | 5, 15, 2 << 4);
    }

    @Test
    void aPostThatIsStillInTheBoxCoalesces() {
        assertThat(box.post(1, 7)).isTrue();
        assertThat(box.post(1, 7)).isFalse();
        assertThat(drain()).containsExactly(1 << 4 | 7);
    }

    @Test
    void aPostAfterThePollIsANewOne() {
        box.post(1, 7);
        box.poll();
        assertThat(box.post(1, 7)).isTrue();
        assertThat(drain()).hasSize(1);
    }

    @Test
    void differentSendersOfTheSameNumberDoNotCoalesce() {
        assertThat(box.post(0, 7)).isTrue();
        assertThat(box.post(1, 7)).isTrue();
        assertThat(drain()).hasSize(2);
    }

    @Test
    void everySgiOfEverySenderFits() {
        for (int sender = 0; sender < 3; sender++) {
            for (int id = 0; id < 16; id++) {
                assertThat(box.post(sender, id)).isTrue();
                assertThat(box.post(sender, id)).isFalse();
            }
        }
        assertThat(drain()).hasSize(48).doesNotHaveDuplicates();
    }
}
