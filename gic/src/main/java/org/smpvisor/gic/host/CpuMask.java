package org.smpvisor.gic.host;

import org.smpvisor.cell.IntCell;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.variant.Xen;

/** A set of pCPUs that several of them may change at once. */
@Xen("cpumask_t")
public final class CpuMask {
    private final Pcpu[] pcpus;
    private final IntCell[] words;

    /** The empty set over these pCPUs, which stand in the order of their ids. */
    public CpuMask(String name, Pcpu[] pcpus) {
        this.pcpus = pcpus.clone();
        this.words = new IntCell[(pcpus.length + 31) / 32];
        for (int i = 0; i < words.length; i++) {
            words[i] = new IntCell(words.length == 1 ? name : name + "[" + i + "]");
        }
    }

    @Xen("cpumask_set_cpu")
    public void set(Pcpu cpu, int id) {
        words[id >> 5].setBit(cpu, id & 31);
    }

    @Xen("cpumask_clear_cpu")
    public void clear(Pcpu cpu, int id) {
        words[id >> 5].clearBit(cpu, id & 31);
    }

    @Xen("cpumask_clear")
    public void clearAll(Pcpu cpu) {
        for (IntCell w : words) {
            w.setOpaque(cpu, 0);
        }
    }

    @Xen("cpumask_test_cpu")
    public boolean contains(Pcpu cpu, int id) {
        return (words[id >> 5].getAcquire(cpu) & 1 << id) != 0;
    }

    @Xen("cpumask_empty")
    public boolean isEmpty(Pcpu cpu) {
        for (IntCell w : words) {
            if (w.getAcquire(cpu) != 0) { // pairs with the barrier in front of the clearing of a bit
                return false;
            }
        }
        return true;
    }

    /** The first member with an id of at least {@code from}, {@code null} if there is none. */
    @Xen("cpumask_next")
    public Pcpu next(Pcpu cpu, int from) {
        for (int id = from; id < pcpus.length; id++) {
            if (contains(cpu, id)) {
                return pcpus[id];
            }
        }
        return null;
    }
}
