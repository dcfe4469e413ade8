@echo off
rem Runs SMPvisor; builds it first when that is needed. Windows.
rem
rem   SMPVISOR_JAVA       the java to use: a java.exe or the home of a JDK (default: the newest one found, 17 or later)
rem   SMPVISOR_JAVA_OPTS  further options for that java
setlocal EnableExtensions DisableDelayedExpansion

for %%I in ("%~f0") do set "ROOT=%%~dpI"
for /f "usebackq delims=" %%T in (`powershell -NoProfile -Command "$i = Get-Item -LiteralPath '%~f0'; if ($i.LinkType -eq 'SymbolicLink') { Split-Path ([IO.Path]::GetFullPath([IO.Path]::Combine($i.DirectoryName, @($i.Target)[0]))) }" 2^>nul`) do set "ROOT=%%T\"
set "JAR=%ROOT%stress-tests\target\smpvisor.jar"
set "STATE=%ROOT%.smpvisor"

set "BEST=" & set "BEST_MAJOR=0" & set "JDK=" & set "JDK_MAJOR=0"
if defined SMPVISOR_JAVA goto chosen
if defined JAVA_HOME call :consider "%JAVA_HOME%"
for /f "delims=" %%J in ('where java 2^>nul') do call :consider "%%~dpJ.."
for %%V in (Java "Eclipse Adoptium" Microsoft Zulu "Amazon Corretto" BellSoft) do for /d %%J in ("%ProgramFiles%\%%~V\*") do call :consider "%%J"
if not defined BEST (
    echo smpvisor: no JDK of version 17 or later found; install one, or set JAVA_HOME or SMPVISOR_JAVA>&2
    exit /b 2
)
goto found

:chosen
if exist "%SMPVISOR_JAVA%\bin\java.exe" (
    call :consider "%SMPVISOR_JAVA%"
) else (
    for %%J in ("%SMPVISOR_JAVA%") do call :consider "%%~dpJ.."
)
if not defined BEST (
    echo smpvisor: SMPVISOR_JAVA is neither a java.exe nor the home of a JDK 17 or later: %SMPVISOR_JAVA%>&2
    exit /b 2
)

:found
rem Stale when the jar is missing or a source is newer than the jar and than the start of the last build from here. 'verify' runs
rem the tests of jcstress and Lincheck, and has a mark of its own for them.
set "MODULES=stress-tests"
set "TESTS=0"
if /i "%~1"=="verify" set "MODULES=stress-tests,jcstress-tests" & set "TESTS=1"
powershell -NoProfile -Command "$r = '%ROOT%'; $j = '%JAR%'; $x = '%TESTS%' -eq '1'; if (-not (Test-Path -LiteralPath $j)) { exit 1 }; $t = (Get-Item -LiteralPath $j).LastWriteTimeUtc; $b = Join-Path $r '.smpvisor\built'; $n = @('', 'smp-core', 'gic', 'vgic', 'stress-tests'); $k = @('src\main'); if ($x) { $b = Join-Path $r '.smpvisor\built-tests'; $n += 'jcstress-tests'; $k += 'src\test'; if (-not ((Test-Path -LiteralPath $b) -and (Test-Path -LiteralPath (Join-Path $r 'jcstress-tests\target\jcstress.jar')))) { exit 1 }; $t = (Get-Item -LiteralPath $b).LastWriteTimeUtc } elseif (Test-Path -LiteralPath $b) { $u = (Get-Item -LiteralPath $b).LastWriteTimeUtc; if ($u -gt $t) { $t = $u } }; foreach ($m in $n) { $d = Join-Path $r $m; if ((Get-Item -LiteralPath (Join-Path $d 'pom.xml')).LastWriteTimeUtc -gt $t) { exit 1 }; foreach ($p in $k) { $s = Join-Path $d $p; if ($m -and -not ($m -eq 'stress-tests' -and $p -eq 'src\test') -and (Test-Path -LiteralPath $s) -and (Get-ChildItem -LiteralPath $s -Recurse | Where-Object { $_.LastWriteTimeUtc -gt $t } | Select-Object -First 1)) { exit 1 } } }; exit 0"
if not errorlevel 1 goto run

where mvn >nul 2>nul
if errorlevel 1 (
    echo smpvisor: Maven ^(mvn^) is needed to build SMPvisor, and it is not on PATH>&2
    exit /b 2
)
if not defined JDK (
    echo smpvisor: a JDK ^(with javac^) of version 17 or later is needed to build SMPvisor>&2
    exit /b 2
)
echo smpvisor: building (first use or sources changed) ...>&2
if not exist "%STATE%" mkdir "%STATE%"
type nul >"%STATE%\building"
pushd "%ROOT%"
set "KEPT_JAVA_HOME=%JAVA_HOME%"
set "JAVA_HOME=%JDK%"
call mvn -B -q -ntp -Dstyle.color=never -DskipTests -pl %MODULES% -am package >"%STATE%\build.log" 2>&1 <nul
set "STATUS=%ERRORLEVEL%"
set "JAVA_HOME=%KEPT_JAVA_HOME%"
popd
if not "%STATUS%"=="0" (
    findstr /b /c:"[ERROR]" "%STATE%\build.log" >&2
    echo smpvisor: the build failed; the whole log is in %STATE%\build.log>&2
    exit /b 2
)
if "%TESTS%"=="1" copy /y "%STATE%\building" "%STATE%\built-tests" >nul
move /y "%STATE%\building" "%STATE%\built" >nul

:run
set "NEWER="
if %BEST_MAJOR% GEQ 23 set "NEWER=--sun-misc-unsafe-memory-access=allow"
set "GC=-XX:+UseParallelGC"
if defined SMPVISOR_JAVA_OPTS echo %SMPVISOR_JAVA_OPTS% | findstr /r /c:"-XX:+Use.*GC" >nul && set "GC="
"%BEST%\bin\java.exe" %GC% -Xshare:auto -Xlog:disable "-Xlog:os*=warning,gc*=warning:stderr" --add-exports java.base/jdk.internal.misc=ALL-UNNAMED --add-opens java.base/jdk.internal.misc=ALL-UNNAMED --add-exports java.base/jdk.internal.vm=ALL-UNNAMED %NEWER% %SMPVISOR_JAVA_OPTS% -jar "%JAR%" %*
exit /b %ERRORLEVEL%

rem Looks at one candidate home through its release file; keeps the newest, and the newest with a compiler.
:consider
set "HOME_DIR=%~f1"
if not exist "%HOME_DIR%\bin\java.exe" exit /b 0
if not exist "%HOME_DIR%\release" exit /b 0
set "VERSION="
for /f "tokens=2 delims==" %%L in ('findstr /b "JAVA_VERSION=" "%HOME_DIR%\release"') do set "VERSION=%%~L"
if not defined VERSION exit /b 0
set "MAJOR=0"
for /f "tokens=1 delims=.-+_" %%M in ("%VERSION%") do set /a "MAJOR=%%M" 2>nul
if %MAJOR% LSS 17 exit /b 0
if %MAJOR% GTR %BEST_MAJOR% set "BEST=%HOME_DIR%" & set "BEST_MAJOR=%MAJOR%"
if exist "%HOME_DIR%\bin\javac.exe" if %MAJOR% GTR %JDK_MAJOR% set "JDK=%HOME_DIR%" & set "JDK_MAJOR=%MAJOR%"
exit /b 0
