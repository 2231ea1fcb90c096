/** The version of EventStoreDB whose behaviour is followed; clients conclude from it what they may ask for. */
export const VERSION = '24.10.0';
