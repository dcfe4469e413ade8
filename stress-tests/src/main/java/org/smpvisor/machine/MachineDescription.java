package org.smpvisor.machine;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import org.smpvisor.gic.host.GicHwOperations;
import org.smpvisor.gic.hw.GicV2Config;

/**
 * The machine that a device tree describes: CPUs, interrupt controller, timers, and which device raises which
 * interrupt. Immutable, and sound when it comes from a tree: at least one CPU and at most {@link #MAX_CPUS}, affinities
 * that differ, a redistributor or CPU interface for each CPU, aligned register regions that do not overlap, PPIs in 16..31 and SPIs in
 * 32..1019, one trigger for each line.
 *
 * <p>The tree is read where Xen reads it: gic_dt_preinit, gicv3_dt_init, gicv2_dt_init, gic_irq_xlate, dt_smp_init_cpus,
 * init_dt_xen_time.
 *
 * @param cpus the CPUs in tree order; the first is the boot CPU
 * @param gic the interrupt controller
 * @param hypTimerPpi INTID of the EL2 physical timer, 16..31
 * @param virtTimerPpi INTID of the virtual timer, 16..31
 * @param physTimerPpi INTID of the non-secure EL1 physical timer, 16..31
 * @param devices the other enabled nodes with interrupts that go to the GIC, in tree order. Nodes behind another
 *     controller or an interrupt-map (PCI functions) are left out
 * @param console the one of {@code devices} that /chosen stdout-path names; empty if there is none
 */
public record MachineDescription(
        List<Cpu> cpus,
        Gic gic,
        int hypTimerPpi,
        int virtTimerPpi,
        int physTimerPpi,
        List<Device> devices,
        Optional<Device> console) {
    /** Most CPUs of a machine: Xen's NR_CPUS on arm64. */
    public static final int MAX_CPUS = 128;

    private static final String QEMU_VIRT = "qemu-virt-gicv3-cpus4.dtb";
    private static final String QEMU_VIRT_GICV2 = "qemu-virt-gicv2-cpus4.dtb";
    private static final int CPUS_PER_CLUSTER = 16;
    private static final long SECOND_REDIST_BASE = 0x40_0000_0000L;
    private static final long SECOND_REDIST_BYTES = 64 << 20;

    public MachineDescription {
        cpus = List.copyOf(cpus);
        devices = List.copyOf(devices);
    }

    /** What makes the GIC see a line as raised: a transition or a state. */
    public enum Trigger {
        EDGE,
        LEVEL
    }

    /**
     * A CPU.
     *
     * @param path its node
     * @param mpidrAffinity Aff3 in bits 39:32, Aff2, Aff1 and Aff0 in bits 23:0; no other bits
     */
    public record Cpu(String path, long mpidrAffinity) {
        /** The affinity fields of MPIDR_EL1. */
        public static final long AFFINITY_MASK = 0xff_00ff_ffffL;
    }

    /**
     * A range of physical addresses.
     *
     * @param base first address, below 2^52
     * @param size bytes, 0 or more; the end is at most 2^52
     */
    public record Region(long base, long size) {
        /** Returns the address after the last one. */
        public long end() {
            return base + size;
        }

        /** Says whether the two share an address; an empty region shares none. */
        public boolean overlaps(Region other) {
            return size > 0 && other.size > 0 && base < other.end() && other.base < end();
        }

        @Override
        public String toString() {
            return "0x" + Long.toHexString(base) + "+0x" + Long.toHexString(size);
        }
    }

    /**
     * A GICv3 or a GICv2.
     *
     * @param version which of them
     * @param path its node
     * @param distBase address of the distributor, a multiple of 64 KiB (GICv2: 4 KiB)
     * @param distSize bytes of the distributor, at least 64 KiB (GICv2: 4 KiB)
     * @param redistRegions where the redistributors are, ascending and disjoint; bases are multiples of 64 KiB; none for a
     *     GICv2
     * @param redistStride bytes from one redistributor to the next in a region, a multiple of 64 KiB; 0 if they follow
     *     each other directly
     * @param maintenanceIrq INTID of the maintenance interrupt, 16..31
     * @param gicc the CPU interface; of a GICv3, that for GICv2 guests, if there is one
     * @param gich the hypervisor interface of a GICv2
     * @param gicv the virtual CPU interface; of a GICv3, that for GICv2 guests, if there is one
     */
    public record Gic(
            GicHwOperations.Version version,
            String path,
            long distBase,
            long distSize,
            List<Region> redistRegions,
            long redistStride,
            int maintenanceIrq,
            Optional<Region> gicc,
            Optional<Region> gich,
            Optional<Region> gicv) {
        /** Bytes of one register frame. */
        public static final long FRAME_BYTES = 64 << 10;

        /** Bytes of one redistributor of a GICv3: the RD and the SGI frame. */
        public static final long REDIST_BYTES = 2 * FRAME_BYTES;

        public Gic {
            redistRegions = List.copyOf(redistRegions);
        }

        /** Says whether this is a GICv2. */
        public boolean isV2() {
            return version == GicHwOperations.Version.V2;
        }

        /** Returns the bytes from one redistributor to the next: the stride, or 128 KiB if none is given. */
        public long redistBytes() {
            return redistStride == 0 ? REDIST_BYTES : redistStride;
        }

        /** Returns how many CPUs it serves: as many as redistributors fit, none of which spans two regions; 8 for a GICv2. */
        public long capacity() {
            return isV2()
                    ? GicV2Config.MAX_CPUS
                    : redistRegions.stream()
                            .mapToLong(region -> region.size() / redistBytes())
                            .sum();
        }
    }

    /**
     * An interrupt of the GIC.
     *
     * @param intid 16..31 for a PPI, 32..1019 for an SPI
     * @param trigger what raises it
     */
    public record Irq(int intid, Trigger trigger) {
        /** Says whether this is an SPI, not a PPI. */
        public boolean isSpi() {
            return intid >= 32;
        }
    }

    /**
     * A node that raises interrupts.
     *
     * @param path the node
     * @param compatible the first string of its compatible property; empty if it has none
     * @param interrupts its interrupts at the GIC in the order written, each once; at least one
     * @param base physical address of its first registers; empty if it has none that the CPUs can address
     */
    public record Device(String path, String compatible, List<Irq> interrupts, OptionalLong base) {
        public Device {
            interrupts = List.copyOf(interrupts);
        }

        /** Returns the INTID of the first SPI, 32..1019; empty if the device has only PPIs. */
        public OptionalInt spi() {
            return interrupts.stream().filter(Irq::isSpi).mapToInt(Irq::intid).findFirst();
        }
    }

    /**
     * Reads a device tree blob (.dtb) from a file.
     *
     * @param file the file, at most 8 MiB
     * @throws DeviceTreeException if it cannot be read, is no device tree, or describes no machine that can be modelled
     */
    public static MachineDescription read(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return read(in, file.toString());
        } catch (NoSuchFileException e) {
            throw new DeviceTreeException(file.toString(), DeviceTreeException.FILE, 0, "no such file");
        } catch (IOException e) {
            throw unreadable(file.toString(), e);
        }
    }

    /**
     * Reads a device tree blob from a stream, which stays open.
     *
     * @param in the stream; no more than 8 MiB and one byte are read
     * @param name what messages call it; may be empty
     * @throws DeviceTreeException as {@link #read(Path)}
     */
    public static MachineDescription read(InputStream in, String name) {
        byte[] blob;
        try {
            blob = in.readNBytes(Fdt.MAX_BYTES + 1);
        } catch (IOException e) {
            throw unreadable(name, e);
        }
        return parse(blob, name);
    }

    /**
     * Reads a device tree blob.
     *
     * @param blob the bytes, at most 8 MiB; what follows the tree is ignored
     * @param name what messages call it; may be empty
     * @throws DeviceTreeException if it is no device tree, or describes no machine that can be modelled
     */
    public static MachineDescription parse(byte[] blob, String name) {
        return MachineReader.read(Fdt.parse(blob, name));
    }

    /**
     * Returns the default machine: QEMU's {@code -M virt,gic-version=3,virtualization=on} with 4 CPUs, from the tree
     * that QEMU 7.2 wrote.
     */
    public static MachineDescription qemuVirt() {
        return resource(QEMU_VIRT);
    }

    /** Returns the same machine with {@code gic-version=2}. */
    public static MachineDescription qemuVirtGicV2() {
        return resource(QEMU_VIRT_GICV2);
    }

    private static MachineDescription resource(String name) {
        try (InputStream in = MachineDescription.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("resource " + name + " is missing beside " + MachineDescription.class);
            }
            return read(in, name);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns the CPU that starts the machine. */
    public Cpu bootCpu() {
        return cpus.get(0);
    }

    /** Returns the INTIDs of all devices' SPIs, ascending, each once. */
    public List<Integer> spis() {
        Set<Integer> spis = new TreeSet<>();
        for (Device device : devices) {
            device.interrupts().stream().filter(Irq::isSpi).forEach(irq -> spis.add(irq.intid()));
        }
        return List.copyOf(spis);
    }

    /**
     * Returns this machine with another number of CPUs; everything else stays. Fewer keeps the first ones and the
     * redistributor regions. More adds CPUs that no tree describes, numbered as QEMU's virt board does for a GICv3: CPU
     * {@code i} is {@code /cpus/cpu@i} with Aff0 {@code i % 16} and Aff1 {@code i / 16}; {@code i} goes on from the
     * number of CPUs that there are, and leaves out those whose path or affinity is taken.
     *
     * <p>If the redistributor regions are too small then, one region is added, again as QEMU does (its first region
     * holds 123): no region is enlarged in place, since devices may follow it (QEMU's UART does). The new one is at 256
     * GiB, or at the next multiple of 64 MiB that is clear of the GIC and of the devices' base addresses; it has 64
     * MiB, or more if the stride asks for it. This takes no account of memory, which is not described here.
     *
     * @param count 1 to {@link #MAX_CPUS}; 1 to 8 with a GICv2
     * @throws IllegalArgumentException if the count is out of range, or no room is left for a region
     */
    public MachineDescription withCpus(int count) {
        if (count < 1 || count > MAX_CPUS) {
            throw new IllegalArgumentException("a machine has 1 to " + MAX_CPUS + " CPUs, not " + count);
        }
        if (gic.isV2() && count > gic.capacity()) {
            throw new IllegalArgumentException(
                    "a GICv2 serves 1 to " + gic.capacity() + " CPUs, not " + count + "; take a tree with a GICv3");
        }
        List<Cpu> chosen = new ArrayList<>(cpus.subList(0, Math.min(count, cpus.size())));
        Set<String> paths = new HashSet<>();
        Set<Long> affinities = new HashSet<>();
        for (Cpu cpu : chosen) {
            paths.add(cpu.path());
            affinities.add(cpu.mpidrAffinity());
        }
        for (long i = chosen.size(); chosen.size() < count; i++) {
            String path = "/cpus/cpu@" + i;
            long affinity = ((i / CPUS_PER_CLUSTER) << 8) | (i % CPUS_PER_CLUSTER);
            if (!paths.contains(path) && !affinities.contains(affinity)) {
                chosen.add(new Cpu(path, affinity));
            }
        }
        return new MachineDescription(chosen, gicFor(count), hypTimerPpi, virtTimerPpi, physTimerPpi, devices, console);
    }

    private Gic gicFor(int count) {
        long missing = count - gic.capacity();
        if (missing <= 0) {
            return gic;
        }
        long size = Math.max(SECOND_REDIST_BYTES, missing * gic.redistBytes());
        List<Region> regions = new ArrayList<>(gic.redistRegions());
        regions.add(clearRegion(size));
        regions.sort((a, b) -> Long.compare(a.base(), b.base()));
        return new Gic(
                gic.version(),
                gic.path(),
                gic.distBase(),
                gic.distSize(),
                regions,
                gic.redistStride(),
                gic.maintenanceIrq(),
                gic.gicc(),
                gic.gich(),
                gic.gicv());
    }

    /** Returns a region of {@code size} bytes that nothing known here overlaps. */
    private Region clearRegion(long size) {
        List<Region> used = new ArrayList<>(gic.redistRegions());
        used.add(new Region(gic.distBase(), gic.distSize()));
        gic.gicc().ifPresent(used::add);
        gic.gicv().ifPresent(used::add);
        for (Device device : devices) {
            device.base().ifPresent(base -> used.add(new Region(base, Gic.FRAME_BYTES)));
        }
        used.sort((a, b) -> Long.compare(a.end(), b.end()));
        Region candidate = new Region(SECOND_REDIST_BASE, size);
        for (Region region : used) { // by ascending end, so that what was passed once stays passed
            if (candidate.overlaps(region)) {
                long base = (region.end() + SECOND_REDIST_BYTES - 1) & -SECOND_REDIST_BYTES;
                candidate = new Region(base, size);
            }
        }
        if (candidate.end() > FdtReg.ADDRESS_END) {
            throw new IllegalArgumentException(
                    "no room for a redistributor region of " + size + " bytes above 256 GiB");
        }
        return candidate;
    }

    private static DeviceTreeException unreadable(String name, IOException e) {
        String reason = e.getMessage() == null || e.getMessage().equals(name)
                ? e.getClass().getSimpleName()
                : e.getMessage();
        return new DeviceTreeException(name, DeviceTreeException.FILE, 0, "cannot be read: " + reason);
    }
}
