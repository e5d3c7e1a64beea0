using System.Globalization;
using System.Xml.Linq;

namespace Pipeline.Testing.Storage;

/// <summary>The queue service in memory.</summary>
internal sealed class MemoryQueues(TimeProvider time)
{
    private readonly Dictionary<string, List<QueuedMessage>> queues = new(StringComparer.Ordinal);
    private long numbers;

    /// <summary>Every message of every queue, visible or not.</summary>
    public IEnumerable<(string Queue, QueuedMessage Message)> All =>
        queues.SelectMany(queue => queue.Value.Select(message => (queue.Key, message)));

    /// <summary>Takes a message as a host does: it is not seen for a while, and its count grows.</summary>
    public (string Id, string Receipt, int Count) Take(QueuedMessage message, TimeSpan invisible)
    {
        message.Count++;
        Hide(message, $"{(int)invisible.TotalSeconds}");
        return (message.Id, message.Receipt, message.Count);
    }

    /// <summary>Removes a message, if it was not taken since; false when it was.</summary>
    public bool Remove(string queue, string id, string receipt) =>
        queues[queue].RemoveAll(message => message.Id == id && message.Receipt == receipt) > 0;

    /// <summary>Makes a message visible again after a while, if it was not taken since.</summary>
    public void Release(string queue, string id, string receipt, TimeSpan after)
    {
        if (queues[queue].FirstOrDefault(message => message.Id == id && message.Receipt == receipt) is { } message)
            Hide(message, $"{(int)after.TotalSeconds}");
    }

    /// <summary>Puts a message into a queue, as it stands there.</summary>
    public void Add(string queue, string text)
    {
        if (!queues.TryGetValue(queue, out var messages))
            queues.Add(queue, messages = []);
        messages.Add(
            new QueuedMessage
            {
                Id = $"{Guid.NewGuid()}",
                Text = text,
                Inserted = time.GetUtcNow(),
                VisibleAt = time.GetUtcNow(),
            }
        );
    }

    public MemoryQueues Copy(TimeProvider other)
    {
        var copy = new MemoryQueues(other) { numbers = numbers };
        foreach (var (name, messages) in queues)
            copy.queues.Add(name, [.. messages.Select(message => message.Copy())]);
        return copy;
    }

    /// <summary>A message of a queue.</summary>
    internal sealed class QueuedMessage
    {
        public QueuedMessage Copy() => (QueuedMessage)MemberwiseClone();

        public required string Id { get; init; }
        public required string Text { get; set; }
        public required DateTimeOffset Inserted { get; init; }
        public required DateTimeOffset VisibleAt { get; set; }
        public string Receipt { get; set; } = "";
        public int Count { get; set; }
    }

    public MemoryResponse Answer(MemoryCall call)
    {
        var parts = call.Path.Split('/');
        var name = parts[0];
        if (name.Length == 0 && call.Query["comp"] == "list")
        {
            return MemoryResponse.Xml(
                200,
                $"<EnumerationResults><Queues>{string.Concat(queues.Keys.Order(StringComparer.Ordinal).Select(queue => $"<Queue><Name>{queue}</Name></Queue>"))}</Queues><NextMarker/></EnumerationResults>"
            );
        }

        if (parts.Length == 1 && call.Is("PUT"))
            return new MemoryResponse(queues.TryAdd(name, []) ? 201 : 204);
        if (!queues.TryGetValue(name, out var queue))
            return MemoryResponse.Error(404, "QueueNotFound");
        if (parts.Length == 1)
            return new MemoryResponse(200, ("x-ms-approximate-messages-count", $"{queue.Count}"));
        if (parts.Length == 2)
        {
            return call.Method.Method switch
            {
                "POST" => Send(queue, call),
                "GET" => Receive(queue, call),
                _ => Clear(queue),
            };
        }

        var message = queue.FirstOrDefault(message => message.Id == parts[2]);
        if (message is null)
            return MemoryResponse.Error(404, "MessageNotFound");
        if (message.Receipt != call.Query["popreceipt"])
            return MemoryResponse.Error(400, "PopReceiptMismatch");
        if (call.Is("DELETE"))
        {
            queue.Remove(message);
            return new MemoryResponse(204);
        }
        if (call.Body.Length > 0)
            message.Text = Text(call.Body);
        Hide(message, call.Query["visibilitytimeout"]);
        return new MemoryResponse(
            204,
            ("x-ms-popreceipt", message.Receipt),
            ("x-ms-time-next-visible", message.VisibleAt.ToString("R", CultureInfo.InvariantCulture))
        );
    }

    private static MemoryResponse Clear(List<QueuedMessage> queue)
    {
        queue.Clear();
        return new MemoryResponse(204);
    }

    private MemoryResponse Send(List<QueuedMessage> queue, MemoryCall call)
    {
        var message = new QueuedMessage
        {
            Id = $"{Guid.NewGuid()}",
            Text = Text(call.Body),
            Inserted = time.GetUtcNow(),
            VisibleAt = time.GetUtcNow(),
        };
        Hide(message, call.Query["visibilitytimeout"]);
        queue.Add(message);
        return MemoryResponse.Xml(201, List([message], withText: false, peek: false));
    }

    private MemoryResponse Receive(List<QueuedMessage> queue, MemoryCall call)
    {
        var peek = call.Query["peekonly"] == "true";
        var most = int.Parse(call.Query["numofmessages"] ?? "1", CultureInfo.InvariantCulture);
        var taken = queue.Where(message => message.VisibleAt <= time.GetUtcNow()).Take(most).ToList();
        if (!peek)
        {
            foreach (var message in taken)
            {
                message.Count++;
                Hide(message, call.Query["visibilitytimeout"] ?? "30");
            }
        }

        return MemoryResponse.Xml(200, List(taken, withText: true, peek));
    }

    private void Hide(QueuedMessage message, string? seconds)
    {
        message.VisibleAt = time.GetUtcNow().AddSeconds(int.Parse(seconds ?? "0", CultureInfo.InvariantCulture));
        message.Receipt = $"r{++numbers}";
    }

    private static string Text(byte[] body) =>
        XDocument.Load(new MemoryStream(body)).Root!.Element("MessageText")!.Value;

    private static string List(IEnumerable<QueuedMessage> messages, bool withText, bool peek) =>
        new XElement(
            "QueueMessagesList",
            messages.Select(message => new XElement(
                "QueueMessage",
                new XElement("MessageId", message.Id),
                new XElement("InsertionTime", message.Inserted.ToString("R", CultureInfo.InvariantCulture)),
                new XElement("ExpirationTime", message.Inserted.AddDays(7).ToString("R", CultureInfo.InvariantCulture)),
                peek ? null : new XElement("PopReceipt", message.Receipt),
                peek
                    ? null
                    : new XElement("TimeNextVisible", message.VisibleAt.ToString("R", CultureInfo.InvariantCulture)),
                withText ? new XElement("DequeueCount", message.Count) : null,
                withText ? new XElement("MessageText", message.Text) : null
            ))
        ).ToString(SaveOptions.DisableFormatting);
}
