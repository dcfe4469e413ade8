package org.smpvisor.cli;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.gic.host.GicHwOperations;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.LockViolation;
import org.smpvisor.machine.Machine;
import org.smpvisor.machine.MachineDescription;
import org.smpvisor.machine.MachineSpec;
import org.smpvisor.report.RegisterCsv;
import org.smpvisor.report.RegisterNames;
import org.smpvisor.variant.Variant;
import org.smpvisor.variant.Variant.XenVersion;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Boots a machine without guests and tells what Xen's console would tell of its interrupt controller. */
@Command(
        name = "boot",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        abbreviateSynopsis = false,
        description = {
            "Boots Xen's interrupt code on a machine that a device tree describes, without guests.",
            "",
            "CPU 0 programs the distributor, finds and wakes its redistributor (GICv3), sets up its CPU and hypervisor interface"
                    + " and its local interrupts, and brings up the other CPUs, each of which does the same for itself"
                    + " on a thread of its own. The lines that start with (XEN) are those of Xen's console; a summary"
                    + " follows.",
            "",
            "With --registers you get every access to the GIC in order, and can lay it beside a trace of real hardware or"
                    + " of QEMU.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  smpvisor boot",
            "  smpvisor boot --dtb board.dtb --xen 4.17 --registers boot.csv",
            "  smpvisor boot --pcpus 128 --lines 1024 --list-registers 16",
            "",
            "Exit status: 0 when all CPUs are online, 1 when booting failed, 2 for wrong use or a device tree that cannot"
                    + " be used."
        })
final class BootCommand implements Callable<Integer> {
    private static final int MIN_LINES = 64;
    private static final int MAX_LINES = 1024;
    private static final int USABLE_LINES = 1020;

    @Spec
    private CommandSpec spec;

    @Mixin
    private MachineOptions machine;

    @Option(
            names = "--xen",
            paramLabel = "VERSION",
            converter = XenVersions.class,
            completionCandidates = XenVersions.class,
            description = "Whose Xen boots: 4.17 or head, the development head (default: head). 4.17 clears GICD_CTLR"
                    + " without looking, and claims the physical timer's PPI for itself.")
    private XenVersion version = XenVersion.HEAD;

    @Option(
            names = "--lines",
            paramLabel = "N",
            description = "INTIDs that the GIC has, SGIs and PPIs included: a multiple of 32 from 64 to 1024, of which"
                    + " 1020 can be used (default: 256 of a GICv3, 288 of a GICv2).")
    private Integer lines;

    @Option(
            names = "--list-registers",
            paramLabel = "N",
            description = "List registers of each CPU, 1 to 16, with a GICv2 to 64 (default: ${DEFAULT-VALUE}).")
    private int listRegisters = MachineSpec.QEMU_LIST_REGISTERS;

    @Option(
            names = "--priority-bits",
            paramLabel = "N",
            description = "Priority bits that the GIC implements, 5 to 7 (default: ${DEFAULT-VALUE}).")
    private int priorityBits = MachineSpec.QEMU_PRIORITY_BITS;

    @Option(
            names = "--registers",
            paramLabel = "FILE",
            description = "Write every access of Xen to the GIC's registers to FILE, as CSV with the columns "
                    + RegisterCsv.HEADER + ". GICR offsets count from the first redistributor region.")
    private Path registers;

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            description = "Give up when the machine has not booted after that time (default: ${DEFAULT-VALUE}).")
    private int timeout = 30;

    @Override
    public Integer call() throws IOException {
        if (lines != null) {
            boolean fits = lines % 32 == 0 || lines == USABLE_LINES;
            check("--lines", lines, MIN_LINES, MAX_LINES, fits, "a multiple of 32 from ");
        }
        check("--priority-bits", priorityBits, 5, 7, true, "");
        check("--timeout", timeout, 1, 86_400, true, "");
        MachineDescription description = machine.describe();
        check("--list-registers", listRegisters, 1, description.gic().isV2() ? 64 : 16, true, "");
        if (registers == null) {
            return boot(description, null);
        }
        RegisterCsv csv = new RegisterCsv(new RegisterNames(description.gic()));
        try (BufferedWriter file = open()) {
            int status = boot(description, csv);
            return write(csv, file) ? status : Main.FAILED;
        } catch (IOException e) {
            return Main.FAILED; // the close after a failed write, which was reported
        }
    }

    private void check(String option, int value, int least, int most, boolean fits, String what) {
        if (value < least || value > most || !fits) {
            throw wrong(
                    "Invalid value for option '" + option + "': " + value + " is not " + what + least + " to " + most);
        }
    }

    private ParameterException wrong(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    // ---- the machine ------------------------------------------------------------------------------------------------

    private int boot(MachineDescription description, RegisterCsv csv) {
        PrintWriter out = spec.commandLine().getOut();
        out.println("(XEN) SMP: Allowing " + description.cpus().size() + " CPUs");
        out.println("(XEN) Generic Timer IRQ: phys=" + description.physTimerPpi() + " hyp=" + description.hypTimerPpi()
                + " virt=" + description.virtTimerPpi());
        int wanted = lines == null ? MachineSpec.qemuLines(description) : lines;
        int implemented = wanted == USABLE_LINES ? MAX_LINES : wanted;
        MachineSpec m = MachineSpec.of(description, Variant.xen().with(version))
                .withGic(implemented, listRegisters, priorityBits)
                .withConsole(line -> out.println("(XEN) " + line));
        Machine xen = new Machine(csv == null ? m : m.withRegisters(csv));
        long begin = System.nanoTime();
        boolean ready = start(xen, begin + TimeUnit.SECONDS.toNanos(timeout));
        double seconds = (System.nanoTime() - begin) / 1e9;
        if (!ready) {
            String where = whereItStands(xen); // before stop() shakes the waiters up
            xen.stop();
            if (xen.failure() == null) {
                return notBooted(where);
            }
        }
        xen.close();
        if (xen.failure() != null) {
            out.flush();
            return Main.modelBug(xen.failure(), spec.commandLine());
        }
        summarise(xen, seconds, out);
        return Main.OK;
    }

    /** Starts the machine from a thread of its own and waits until every CPU idles; false if it failed or hangs. */
    private static boolean start(Machine xen, long deadline) {
        Thread starter = new Thread(xen::start, "boot");
        starter.setDaemon(true);
        starter.start();
        try {
            TimeUnit.NANOSECONDS.timedJoin(starter, deadline - System.nanoTime());
            boolean started = !starter.isAlive();
            // A secondary sets up its local interrupts after it is online.
            while (started && xen.failure() == null && !xen.isAtRest()) {
                if (System.nanoTime() - deadline > 0) {
                    return false;
                }
                Thread.sleep(1);
            }
            return started && xen.failure() == null;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static String whereItStands(Machine xen) {
        StringBuilder b = new StringBuilder();
        for (Pcpu p : xen.pcpus()) {
            b.append("  ").append(p).append(p.isOnline() ? ": online" : ": not online");
            Object waits = p.waitingFor();
            if (waits != null) {
                b.append(", waits for ").append(waits);
            }
            b.append(System.lineSeparator());
        }
        return b.toString();
    }

    private int notBooted(String where) {
        PrintWriter err = spec.commandLine().getErr();
        err.println(spec.qualifiedName() + ": the machine has not booted after " + timeout + " s:");
        err.print(where);
        err.println("A loaded host may need a longer --timeout; otherwise this is a deadlock in the model.");
        err.flush();
        return Main.FAILED;
    }

    private static void summarise(Machine xen, double seconds, PrintWriter out) {
        int online = 0;
        long locks = 0;
        for (Pcpu p : xen.pcpus()) {
            online += p.isOnline() ? 1 : 0;
            for (LockClass c : LockClass.values()) {
                locks += p.held().acquisitions(c);
            }
        }
        int lines = xen.driver().nrLines();
        List<LockViolation> violations = xen.validator().violations();
        out.println();
        out.printf(
                Locale.ROOT,
                "Booted in %.3f s: %d of %d pCPUs online, GIC%s with %d lines (%d SPIs), %d list registers and %d priority"
                        + " bits. Xen took %d locks; the lock validator found %s.%n",
                seconds,
                online,
                xen.pcpus().length,
                xen.driver().version() == GicHwOperations.Version.V2 ? "v2" : "v3",
                lines,
                lines - 32,
                xen.driver().nrLrs(),
                xen.spec().priorityBits(),
                locks,
                violations.isEmpty()
                        ? "no violation"
                        : violations.size() == 1 ? "1 violation:" : violations.size() + " violations:");
        for (LockViolation v : violations) {
            out.println("  " + v.rule() + ": " + v.text());
        }
        out.flush();
    }

    // ---- the file of --registers ------------------------------------------------------------------------------------

    private BufferedWriter open() {
        try {
            if (machine.tree() != null && Files.exists(registers) && Files.isSameFile(machine.tree(), registers)) {
                throw wrong("Invalid value for option '--registers': " + registers + " is the device tree");
            }
            return Files.newBufferedWriter(registers);
        } catch (IOException e) {
            throw wrong("Invalid value for option '--registers': cannot write " + registers + ": " + reason(e));
        }
    }

    private boolean write(RegisterCsv csv, BufferedWriter file) {
        try {
            csv.writeTo(file);
            file.flush();
        } catch (IOException e) {
            spec.commandLine()
                    .getErr()
                    .println(spec.qualifiedName() + ": cannot write " + registers + ": " + reason(e));
            return false;
        }
        PrintWriter out = spec.commandLine().getOut();
        out.println("Wrote " + csv.accesses().size() + " register accesses to " + registers + ".");
        out.flush();
        return true;
    }

    private static String reason(IOException e) {
        if (e instanceof NoSuchFileException) {
            return "no such directory";
        }
        if (e instanceof AccessDeniedException) {
            return "permission denied";
        }
        if (e instanceof FileSystemException f && f.getReason() != null) {
            return f.getReason();
        }
        return String.valueOf(e.getMessage());
    }
}
