namespace Standin.Functions.Worker.Azurite;

/// <summary>
/// The script that Azurite's node process loads first. It ends Azurite when no process that uses it lives any more: nobody has to stop it, not even
/// after a kill -9 of all users. Ctrl+C in a terminal reaches Azurite too and is ignored, because the app still drains then.
/// </summary>
internal static class AzuriteGuard
{
    /// <summary>The folder of the users' entries, one file a user whose name begins with its process id.</summary>
    public const string UsersVariable = "STANDIN_AZURITE_USERS";

    /// <summary>In the folder above the entries while a guarded Azurite runs, and while it is about to end.</summary>
    public const string RunningFile = "running", StoppingFile = "stopping";

    // Before it ends, the guard announces it and then looks once more: a new user writes its entry and then looks for the announcement, so one sees the other.
    public const string Script = """
        'use strict';
        const fs = require('fs');
        const path = require('path');
        const users = process.env.STANDIN_AZURITE_USERS;
        const running = path.join(users, '..', 'running');
        const stopping = path.join(users, '..', 'stopping');
        const remove = file => { try { fs.unlinkSync(file); } catch (error) { if (error.code !== 'ENOENT') console.error(error.message); } };
        for (const name of ['on', 'once', 'addListener']) {
          const real = process[name];
          process[name] = function (event, listener) {
            return event === 'SIGINT' || event === 'SIGHUP' ? this : real.call(this, event, listener);
          };
          if (name === 'on') for (const signal of ['SIGINT', 'SIGHUP']) real.call(process, signal, () => { });
        }
        for (const stream of [process.stdout, process.stderr]) stream.on('error', () => { });
        const used = () => fs.existsSync(users) && fs.readdirSync(users).some(name => {
          try { process.kill(parseInt(name, 10), 0); return true; } catch (error) { return error.code === 'EPERM'; }
        });
        fs.writeFileSync(running, String(process.pid));
        process.on('exit', () => { remove(stopping); remove(running); });
        let unused = 0;
        setInterval(() => {
          unused = used() ? 0 : unused + 1;
          if (unused === 2) {
            fs.writeFileSync(stopping, '');
            if (used()) { remove(stopping); unused = 0; } else process.emit('SIGTERM');
          }
          if (unused === 20) process.exit(0);
        }, 250).unref();
        """;
}
