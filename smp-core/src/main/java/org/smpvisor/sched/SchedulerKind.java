package org.smpvisor.sched;

import java.util.Arrays;
import java.util.Optional;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.IpiSender;

/** The schedulers that a machine can run with. */
public enum SchedulerKind {
    CREDIT2("credit2", "Xen's default: up to 16 pCPUs share a queue in the order of credit") {
        @Override
        int leader(int pcpu) {
            return pcpu - pcpu % Credit2.MAX_CPUS_RUNQUEUE;
        }

        @Override
        Policy policy(SchedResource[] resources, IpiSender ipi) {
            return new Credit2(resources, ipi);
        }
    },
    NULL("null", "Xen's null: every vCPU has a pCPU for itself") {
        @Override
        Policy policy(SchedResource[] resources, IpiSender ipi) {
            return new NullPolicy(resources, ipi);
        }

        @Override
        public boolean never(Counter c) {
            return c == Counter.VCPU_MOVES || c == Counter.VCPU_MOVES_FULL || c == Counter.PREEMPTIONS;
        }
    },
    RR("rr", "a queue for each pCPU, served in turn; a vCPU stays until it is moved") {
        @Override
        Policy policy(SchedResource[] resources, IpiSender ipi) {
            return new RoundRobin(resources, ipi);
        }
    },
    HOSTILE("hostile", "moves a vCPU to another pCPU at every chance") {
        @Override
        int leader(int pcpu) {
            return 0;
        }

        @Override
        Policy policy(SchedResource[] resources, IpiSender ipi) {
            // A machine whose every step is decided has to come to rest by itself.
            boolean restless = !resources[0].pcpu.engine().decidesAtPoints();
            return new Hostile(resources, ipi, restless);
        }
    };

    private final String word;
    private final String summary;

    SchedulerKind(String word, String summary) {
        this.word = word;
        this.summary = summary;
    }

    /** The pCPU whose schedule lock is that of {@code pcpu}. */
    int leader(int pcpu) {
        return pcpu;
    }

    abstract Policy policy(SchedResource[] resources, IpiSender ipi);

    /** Whether what {@code c} counts cannot be expected under this scheduler. */
    public boolean never(Counter c) {
        return false;
    }

    /** Its name on the command line, as after Xen's {@code sched=}. */
    public String word() {
        return word;
    }

    /** One line for people. */
    public String summary() {
        return summary;
    }

    /** The one of that name. */
    public static Optional<SchedulerKind> named(String word) {
        return Arrays.stream(values()).filter(k -> k.word.equals(word)).findFirst();
    }
}
