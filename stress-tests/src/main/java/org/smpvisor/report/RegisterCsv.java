package org.smpvisor.report;

import java.io.IOException;
import java.io.Writer;
import java.util.ArrayList;
import java.util.List;
import org.smpvisor.gic.hw.RegisterLog;
import org.smpvisor.gic.hw.SystemRegister;

/**
 * Keeps every register access of Xen to the GIC in memory and writes them as CSV with the columns {@link #HEADER}: the
 * format of traces that were taken from a real Xen, so that both can be laid side by side.
 *
 * <p>The rows of one pCPU are in its program order. The rows of all are in one order that is legal for the machine as a
 * whole: an access of the shared distributor is recorded by a pCPU that holds the lock of Xen's driver, a write before
 * it takes effect and a read afterwards. Made for a boot, not for a storm: it grows without bound, and the pCPUs take
 * turns.
 */
public final class RegisterCsv implements RegisterLog {
    /** The first line. {@code op} is r or w; system registers have no offset. */
    public static final String HEADER = "seq,cpu,component,op,offset,name,size,value,note";

    /**
     * One access; see {@link RegisterLog#access}.
     *
     * @param seq its number in the order of all, from 1
     */
    public record Access(
            int seq,
            int cpu,
            Component component,
            boolean write,
            long offset,
            SystemRegister register,
            int bytes,
            long value) {}

    private final RegisterNames names;
    private final List<Access> accesses = new ArrayList<>();

    /** @param names the registers of the machine that will be recorded */
    public RegisterCsv(RegisterNames names) {
        this.names = names;
    }

    @Override
    public synchronized void access(
            int cpu, Component component, boolean write, long offset, SystemRegister register, int bytes, long value) {
        accesses.add(new Access(accesses.size() + 1, cpu, component, write, offset, register, bytes, value));
    }

    /** Returns what was recorded so far. */
    public synchronized List<Access> accesses() {
        return List.copyOf(accesses);
    }

    /** Returns the line of an access, without its end. */
    public String row(Access a) {
        boolean mapped = a.register == null;
        return a.seq + "," + a.cpu + "," + a.component + "," + (a.write ? "w" : "r") + ","
                + (mapped ? "0x" + Long.toHexString(a.offset) : "") + ","
                + names.name(a.component, a.offset, a.register) + "," + a.bytes + ",0x" + Long.toHexString(a.value)
                + "," + RegisterNames.note(a.component, a.offset, a.register, a.value);
    }

    /** Writes the header and all rows recorded so far. */
    public void writeTo(Writer out) throws IOException {
        out.write(HEADER);
        out.write('\n');
        for (Access a : accesses()) {
            out.write(row(a));
            out.write('\n');
        }
    }
}
