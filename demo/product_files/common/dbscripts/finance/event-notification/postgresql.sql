-- A table of the kind the product's script makes, for the demo and the tests.
CREATE TABLE IF NOT EXISTS UK_NOTIFICATION (
    ID SERIAL,
    RESOURCE_ID VARCHAR(50) NOT NULL,
    CLIENT_ID VARCHAR(50) NOT NULL,
    STATUS VARCHAR(10) NOT NULL,
    PRIMARY KEY (ID)
);
