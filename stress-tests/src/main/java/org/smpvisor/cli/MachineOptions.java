package org.smpvisor.cli;

import java.nio.file.Path;
import org.smpvisor.machine.DeviceTreeException;
import org.smpvisor.machine.MachineDescription;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options that choose the hardware: a device tree and a number of CPUs. */
final class MachineOptions {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Option(
            names = "--dtb",
            paramLabel = "FILE",
            description = "Device tree blob of the machine (default: QEMU's virt board with a GICv3 and 4 CPUs). QEMU"
                    + " writes one with -M virt,virtualization=on,gic-version=3,dumpdtb=FILE, or gic-version=2.")
    private Path tree;

    @Option(
            names = "--pcpus",
            paramLabel = "N",
            description = "Physical CPUs, 1 to " + MachineDescription.MAX_CPUS
                    + ", with a GICv2 to 8 (default: those of the tree). More"
                    + " than the tree has are numbered as QEMU does, with a second redistributor region where the"
                    + " first is full.")
    private Integer pcpus;

    @Option(
            names = "--gic",
            paramLabel = "VERSION",
            description = "Without --dtb: QEMU's virt board with a GICv2 or a GICv3, 2 or 3 (default: 3).")
    private Integer gic;

    /** The file of {@code --dtb}, or {@code null}. */
    Path tree() {
        return tree;
    }

    /**
     * Reads the machine.
     *
     * @throws DeviceTreeException if the tree cannot be used
     * @throws ParameterException if it cannot have that many CPUs
     */
    MachineDescription describe() {
        if (pcpus != null && (pcpus < 1 || pcpus > MachineDescription.MAX_CPUS)) {
            throw new ParameterException(
                    command.commandLine(),
                    "Invalid value for option '--pcpus': " + pcpus + " is not 1 to " + MachineDescription.MAX_CPUS);
        }
        MachineDescription machine = board(command.commandLine(), tree, gic);
        if (pcpus == null) {
            return machine;
        }
        try {
            return machine.withCpus(pcpus);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(
                    command.commandLine(), "Invalid value for option '--pcpus': " + e.getMessage(), e);
        }
    }

    /**
     * Reads the machine of {@code --dtb}, or takes QEMU's with the version of {@code --gic}; either may be {@code null}.
     *
     * @throws DeviceTreeException if the tree cannot be used
     * @throws ParameterException if both are given, or the version is none
     */
    static MachineDescription board(CommandLine line, Path tree, Integer gic) {
        if (gic != null && gic != 2 && gic != 3) {
            throw new ParameterException(line, "Invalid value for option '--gic': " + gic + " is not 2 or 3");
        }
        if (gic != null && tree != null) {
            throw new ParameterException(line, "'--gic' is for QEMU's board; the tree of '--dtb' says what GIC it has");
        }
        if (tree != null) {
            return MachineDescription.read(tree);
        }
        return gic != null && gic == 2 ? MachineDescription.qemuVirtGicV2() : MachineDescription.qemuVirt();
    }
}
