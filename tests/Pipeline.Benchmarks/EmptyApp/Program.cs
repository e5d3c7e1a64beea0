// What ASP.NET Core itself needs to start: the measure of the app's own start.
var app = WebApplication.CreateBuilder(args).Build();
app.MapGet("/api/health", () => "healthy");
await app.RunAsync();
