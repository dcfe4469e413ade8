package org.smpvisor.report;

import java.util.Locale;
import org.smpvisor.verify.TestResult;
import org.smpvisor.verify.VerifyRecord;

/** The summary of a verification as a page that needs nothing but itself. */
public final class VerifyPage {
    private static final String STYLE = """
            :root { color-scheme: light dark; --line: #d0d7de; --soft: #57606a; --good: #1a7f37; --bad: #cf222e;
                --mild: #9a6700; --back: #ffffff; --text: #1f2328; --panel: #f6f8fa; }
            @media (prefers-color-scheme: dark) { :root { --line: #3d444d; --soft: #9198a1; --good: #3fb950;
                --bad: #f85149; --mild: #d29922; --back: #0d1117; --text: #e6edf3; --panel: #151b23; } }
            body { margin: 2rem auto; max-width: 72rem; padding: 0 1rem; background: var(--back); color: var(--text);
                font: 15px/1.5 system-ui, sans-serif; }
            h1 { font-size: 1.5rem; margin: 0 0 .3rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .4rem; }
            p { margin: .3rem 0; } td > p:first-child { margin-top: 0; } .soft { color: var(--soft); }
            code { font: 13px/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
            table { border-collapse: collapse; width: 100%; margin: .6rem 0; }
            th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid var(--line); }
            th { color: var(--soft); font-weight: 600; } td.n, th.n { text-align: right; white-space: nowrap; }
            .passed { color: var(--good); } .skipped { color: var(--mild); } .bad { color: var(--bad); }
            .word { font-weight: 600; white-space: nowrap; }
            .problem { border-left: 4px solid var(--bad); background: var(--panel); padding: .4rem .8rem; margin: .4rem 0; }
            .mild { border-left: 4px solid var(--mild); background: var(--panel); padding: .4rem .8rem; margin: .4rem 0; }
            details table { font-size: 13px; } summary { cursor: pointer; }
            """;

    private final VerifyRecord record;
    private final StringBuilder b = new StringBuilder();

    public VerifyPage(VerifyRecord record) {
        this.record = record;
    }

    /** The page. */
    public String html() {
        b.append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        b.append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        b.append("<title>SMPvisor: verification</title>\n<style>\n")
                .append(STYLE)
                .append("</style>\n</head>\n<body>\n");
        boolean fine = record.isFine();
        b.append("<h1>SMPvisor verification: <span class=\"")
                .append(fine ? "passed" : "bad")
                .append("\">")
                .append(fine ? "fine" : "failed")
                .append("</span></h1>\n");
        b.append("<p class=\"soft\">")
                .append(text(record.host()))
                .append("; mode ")
                .append(text(record.mode()))
                .append(String.format(Locale.ROOT, "; %.0f s", record.seconds()))
                .append("</p>\n");
        b.append("<p><code>").append(text(record.command())).append("</code></p>\n");
        record.runs().forEach(this::section);
        b.append("</body>\n</html>\n");
        return b.toString();
    }

    private void section(VerifyRecord.ToolRun run) {
        boolean jcstress = run.tool().equals("jcstress");
        b.append("<h2>").append(text(run.tool())).append("</h2>\n<p>").append(text(VerifyReport.line(run)));
        if (jcstress) {
            b.append("; <a href=\"jcstress/index.html\">its own report</a>, <a href=\"jcstress/jcstress.log\">log</a>");
        }
        b.append("</p>\n");
        run.problems()
                .forEach(p -> b.append("<p class=\"problem\">").append(text(p)).append("</p>\n"));
        run.unproven()
                .forEach(u -> b.append("<p class=\"mild\">Not shown on this machine: ")
                        .append(text(u))
                        .append("</p>\n"));
        b.append("<table>\n<tr><th>test</th><th>result</th><th>")
                .append(jcstress ? "outcomes" : "why")
                .append("</th>")
                .append(jcstress ? "" : "<th class=\"n\">time</th><th>log</th>")
                .append("</tr>\n");
        run.results().forEach(r -> row(r, jcstress));
        b.append("</table>\n");
    }

    private void row(TestResult r, boolean jcstress) {
        b.append("<tr><td><code>")
                .append(text(r.shortName()))
                .append("</code><br><span class=\"soft\">")
                .append(text(r.packageName()))
                .append("</span></td><td class=\"word ")
                .append(colour(r))
                .append("\">")
                .append(text(r.result().text()))
                .append("</td><td>");
        if (!r.reason().isEmpty()) {
            b.append("<p>").append(text(r.reason())).append("</p>");
        }
        if (!r.note().isEmpty()) {
            b.append("<p class=\"soft\">").append(text(r.note())).append("</p>");
        }
        if (!r.outcomes().isEmpty()) {
            outcomes(r);
        }
        b.append("</td>");
        if (!jcstress) {
            b.append("<td class=\"n\">")
                    .append(r.seconds() < 0 ? "" : String.format(Locale.ROOT, "%.1f s", r.seconds()))
                    .append("</td><td>");
            if (!r.log().isEmpty()) {
                b.append("<a href=\"").append(text(r.log())).append("\">log</a>");
            }
            b.append("</td>");
        }
        b.append("</tr>\n");
    }

    private void outcomes(TestResult r) {
        b.append("<details")
                .append(r.result() == TestResult.Result.PASSED ? "" : " open")
                .append("><summary>")
                .append(r.outcomes().size())
                .append(r.outcomes().size() == 1 ? " outcome" : " outcomes")
                .append(
                        "</summary><table>\n<tr><th>seen</th><th class=\"n\">times</th><th>is</th><th>meaning</th></tr>\n");
        for (TestResult.Outcome o : r.outcomes()) {
            boolean bad = o.wasForbidden();
            b.append("<tr><td><code>")
                    .append(text(o.id()))
                    .append("</code></td><td class=\"n\">")
                    .append(String.format(Locale.ROOT, "%,d", o.count()))
                    .append("</td><td")
                    .append(bad ? " class=\"bad word\"" : "")
                    .append('>')
                    .append(text(o.expect().toLowerCase(Locale.ROOT)))
                    .append("</td><td>")
                    .append(text(o.desc()))
                    .append("</td></tr>\n");
        }
        b.append("</table></details>");
    }

    private static String colour(TestResult r) {
        return switch (r.result()) {
            case PASSED -> "passed";
            case SKIPPED -> "skipped";
            default -> "bad";
        };
    }

    private static String text(String s) {
        return s.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&quot;");
    }
}
