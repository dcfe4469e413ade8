package org.smpvisor.machine;

import java.util.List;
import java.util.function.Consumer;
import org.smpvisor.gic.hw.RegisterLog;
import org.smpvisor.sched.SchedulerKind;
import org.smpvisor.trace.Witness;
import org.smpvisor.variant.Marks;
import org.smpvisor.variant.Variant;
import org.smpvisor.vgic.rank.FaultPlan;

/**
 * All that a machine is assembled from.
 *
 * @param description what the device tree says, already cut to the number of pCPUs wanted
 * @param gicLines INTIDs of the GIC, a multiple of 32 from 64 to 1024
 * @param listRegisters list registers per pCPU, 1..16; 1..64 with a GICv2
 * @param priorityBits implemented priority bits, 5..7
 * @param scheduler who runs when
 * @param validate whether the lock validator checks acquisitions
 * @param events events kept per pCPU, a power of two, 0 for none
 * @param console receives Xen's messages
 */
public record MachineSpec(
        MachineDescription description,
        int gicLines,
        int listRegisters,
        int priorityBits,
        Variant variant,
        Marks marks,
        FaultPlan faults,
        List<DomainSpec> domains,
        SchedulerKind scheduler,
        boolean validate,
        int events,
        RegisterLog registers,
        Witness witness,
        Consumer<String> console) {
    /** Defaults of QEMU's virt machine. */
    public static final int QEMU_LINES = 256;

    public static final int QEMU_GICV2_LINES = 288;

    public static final int QEMU_LIST_REGISTERS = 4;
    public static final int QEMU_PRIORITY_BITS = 5;

    public MachineSpec {
        domains = List.copyOf(domains);
    }

    /** A machine without guests, as QEMU builds it, that runs {@code variant}. */
    public static MachineSpec of(MachineDescription description, Variant variant) {
        return new MachineSpec(
                description,
                qemuLines(description),
                QEMU_LIST_REGISTERS,
                QEMU_PRIORITY_BITS,
                variant,
                new Marks(1),
                new FaultPlan(variant.fault()),
                List.of(),
                SchedulerKind.RR,
                true,
                1 << 12,
                RegisterLog.NONE,
                Witness.NONE,
                line -> {});
    }

    /** INTIDs that QEMU's virt machine has with the GIC of that description. */
    public static int qemuLines(MachineDescription description) {
        return description.gic().isV2() ? QEMU_GICV2_LINES : QEMU_LINES;
    }

    /** The same with these domains. */
    public MachineSpec withDomains(List<DomainSpec> d) {
        return copy(gicLines, listRegisters, priorityBits, d, registers, witness, console);
    }

    /** The same with that witness. */
    public MachineSpec withWitness(Witness w) {
        return copy(gicLines, listRegisters, priorityBits, domains, registers, w, console);
    }

    /** The same with that listener for register accesses. */
    public MachineSpec withRegisters(RegisterLog r) {
        return copy(gicLines, listRegisters, priorityBits, domains, r, witness, console);
    }

    /** The same with that receiver of Xen's messages. */
    public MachineSpec withConsole(Consumer<String> c) {
        return copy(gicLines, listRegisters, priorityBits, domains, registers, witness, c);
    }

    /** The same with that scheduler. */
    public MachineSpec withScheduler(SchedulerKind kind) {
        return new MachineSpec(
                description,
                gicLines,
                listRegisters,
                priorityBits,
                variant,
                marks,
                faults,
                domains,
                kind,
                validate,
                events,
                registers,
                witness,
                console);
    }

    /** The same with another GIC: lines, list registers, priority bits. */
    public MachineSpec withGic(int lines, int lrs, int bits) {
        return copy(lines, lrs, bits, domains, registers, witness, console);
    }

    private MachineSpec copy(
            int lines, int lrs, int bits, List<DomainSpec> d, RegisterLog r, Witness w, Consumer<String> c) {
        Marks m = d.equals(domains) ? marks : new Marks(d.size() + 1);
        return new MachineSpec(
                description, lines, lrs, bits, variant, m, faults, d, scheduler, validate, events, r, w, c);
    }
}
