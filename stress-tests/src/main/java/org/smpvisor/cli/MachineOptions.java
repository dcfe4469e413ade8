package org.smpvisor.cli;

import java.nio.file.Path;
import org.smpvisor.machine.DeviceTreeException;
import org.smpvisor.machine.MachineDescription;
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
                    + " writes one with -M virt,virtualization=on,gic-version=3,dumpdtb=FILE; gic-version=2 gives a machine with a"
                    + " GICv2.")
    private Path tree;

    @Option(
            names = "--pcpus",
            paramLabel = "N",
            description = "Physical CPUs, 1 to " + MachineDescription.MAX_CPUS
                    + ", with a GICv2 to 8 (default: those of the tree). More"
                    + " than the tree has are numbered as QEMU does, with a second redistributor region where the"
                    + " first is full.")
    private Integer pcpus;

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
        MachineDescription machine = tree == null ? MachineDescription.qemuVirt() : MachineDescription.read(tree);
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
}
