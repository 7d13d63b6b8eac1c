// Repo prints from standard input, `instrument,rate_pct` a line, to crunchwatch: java FeedProducer HOST:PORT TOPIC.
import java.io.*;
import java.time.*;
import java.util.*;
import java.util.concurrent.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.serialization.StringSerializer;

public class FeedProducer {
    static final String SOURCE = "desk-java-" + Instant.now().getEpochSecond(); // a new name at each start

    static String event(long sequence, String fields) {
        Instant now = Instant.now(); // here a print is about the moment at which it is known
        long ns = now.getEpochSecond() * 1_000_000_000L + now.getNano();
        return String.format(Locale.ROOT, "{\"market\":\"UST\",\"source\":\"%s\",\"sequence\":%d,\"ts\":%d,\"known\":%d,"
            + "\"provenance\":\"quoted\",%s}", SOURCE, sequence, ns, ns, fields);
    }

    public static void main(String[] arguments) throws Exception {
        String topic = arguments[1];
        String heartbeat = "\"kind\":\"heartbeat\",\"stream\":\"repo\",\"roster\":[\"repo\"]"; // every stream's name
        Map<String, Object> settings = Map.of("bootstrap.servers", arguments[0], "enable.idempotence", true);
        ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer());
                var lines = new BufferedReader(new InputStreamReader(System.in))) {
            producer.send(new ProducerRecord<>(topic, "UST", event(0, heartbeat))).get();
            Runnable beat = () -> producer.send(new ProducerRecord<>(topic, "UST", event(0, heartbeat)));
            clock.scheduleAtFixedRate(beat, 60, 60, TimeUnit.SECONDS);
            long sequence = 0;
            for (String line; (line = lines.readLine()) != null; ) {
                String fields = String.format(Locale.ROOT, "\"kind\":\"repo_print\",\"segment\":\"SPECIAL\",\"instrument\":\"%s\","
                    + "\"rate_pct\":%s,\"statistic\":\"print\"", (Object[]) line.split(","));
                producer.send(new ProducerRecord<>(topic, "UST", event(++sequence, fields))).get();
            }
            clock.shutdownNow();
        }
    }
}
