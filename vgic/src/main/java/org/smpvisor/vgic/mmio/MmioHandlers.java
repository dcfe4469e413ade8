package org.smpvisor.vgic.mmio;

import org.smpvisor.cell.RefCell;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.MmioAccess;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.RwLock;
import org.smpvisor.variant.Xen;

/** The emulated frames of one domain. The lock is held for the lookup only; handlers run without it. */
@Xen("struct vmmio")
public final class MmioHandlers {
    /** Emulates the accesses to one frame. */
    public interface Handler {
        /** A load; false aborts. The answer is left in {@code io}. */
        boolean read(Pcpu cpu, Vcpu v, MmioAccess io);

        /** A store; false aborts. */
        boolean write(Pcpu cpu, Vcpu v, MmioAccess io);
    }

    private record Region(long base, long size, Handler handler) {}

    private final RwLock lock;

    /** Sorted by base; replaced as a whole under the write lock. */
    private final RefCell<Region[]> regions;

    /** @param name path of the owning domain */
    public MmioHandlers(String name) {
        lock = new RwLock(LockClass.IO, name + ".vmmio.lock");
        regions = new RefCell<>(name + ".vmmio.handlers", null);
    }

    /** Adds a frame; while the domain is created, interrupts open. */
    @Xen("register_mmio_handler")
    public void register(Pcpu cpu, long base, long size, Handler handler) {
        lock.writeLock(cpu);
        Region[] old = regions.getOpaque(cpu);
        int n = old == null ? 0 : old.length;
        Region[] next = new Region[n + 1];
        int at = 0;
        while (at < n && old[at].base < base) {
            next[at] = old[at];
            at++;
        }
        next[at] = new Region(base, size, handler);
        for (int i = at; i < n; i++) {
            next[i + 1] = old[i];
        }
        regions.setRelease(cpu, next);
        lock.writeUnlock(cpu);
    }

    /** Emulates {@code io}; an address without a handler reads as ones and ignores writes. */
    @Xen("try_handle_mmio")
    public boolean handle(Pcpu cpu, Vcpu v, MmioAccess io) {
        Region r = find(cpu, io.address());
        if (r == null) {
            io.answer(-1L);
            return true;
        }
        io.setOffset((int) (io.address() - r.base));
        return io.isWrite() ? r.handler.write(cpu, v, io) : r.handler.read(cpu, v, io);
    }

    @Xen("find_mmio_handler")
    private Region find(Pcpu cpu, long address) {
        lock.readLock(cpu);
        Region found = null;
        Region[] all = regions.getOpaque(cpu);
        for (int i = 0; all != null && i < all.length; i++) {
            Region r = all[i];
            if (address >= r.base && address - r.base < r.size) {
                found = r;
                break;
            }
        }
        lock.readUnlock(cpu);
        return found;
    }
}
